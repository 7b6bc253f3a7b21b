package dossier

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/locale"
)

// leaf is an entry with a proven place in the ledger.
type leaf struct {
	entry Entry
	event consent.Event
}

// entries verifies every entry against the checkpoint.
func (v *verification) entries(c ledger.Checkpoint) {
	decoder := json.NewDecoder(bytes.NewReader(v.files[fileEntries]))
	decoder.DisallowUnknownFields()
	last := int64(0)
	for {
		var e Entry
		err := decoder.Decode(&e)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			v.find(fileEntries, last, "the entry after this one cannot be read")
			return
		}
		if e.Position <= last {
			v.find(fileEntries, e.Position, "the entries are not in the order of their positions")
		}
		last = e.Position
		v.entry(&e, c)
	}
}

func (v *verification) entry(e *Entry, c ledger.Checkpoint) {
	if len(e.LeafHash) != ledger.HashSize {
		v.find(fileEntries, e.Position, "the leaf hash has a wrong length")
		return
	}
	hash := [ledger.HashSize]byte(e.LeafHash)
	if e.Header != nil && hash != ledger.LeafHash(e.Header) {
		v.find(fileEntries, e.Position, "the leaf hash does not match the header")
	}
	proof := make([][ledger.HashSize]byte, 0, len(e.Proof))
	for _, h := range e.Proof {
		if len(h) != ledger.HashSize {
			v.find(fileEntries, e.Position, "a hash of the proof has a wrong length")
			return
		}
		proof = append(proof, [ledger.HashSize]byte(h))
	}
	if err := ledger.CheckEntry(proof, e.Position, hash, c.Size, c.Root); err != nil {
		v.find(fileEntries, e.Position, "the entry is not in the ledger of the checkpoint: %v", err)
		return
	}
	v.Events++
	if e.Header == nil {
		v.bare[e.Position] = base64.StdEncoding.EncodeToString(e.LeafHash)
		return
	}
	event, err := codec.DecodeHeader(e.Header)
	switch {
	case err != nil:
		v.find(fileEntries, e.Position, "the header has a format that this program does not know")
		return
	case event.Position != e.Position:
		v.find(fileEntries, e.Position, "the header belongs to position %d", event.Position)
		return
	}
	v.headers[e.Position] = &leaf{*e, event}
	switch {
	case e.Evidence == nil && event.Evidence != [32]byte{}:
		v.EvidenceDeleted++
	case e.Evidence != nil && sha256.Sum256(e.Evidence) != event.Evidence:
		v.find(fileEntries, e.Position, "the sealed evidence does not match the header")
	case e.Evidence != nil:
		v.EvidenceHeld++
	}
}

// dossier verifies that the dossier says what the entries say.
func (v *verification) dossier(c ledger.Checkpoint) {
	var d Dossier
	if err := json.Unmarshal(v.files[fileJSON], &d); err != nil {
		v.find(fileJSON, 0, "it is not a dossier in JSON")
		return
	}
	v.MadeTime = d.Made.Time
	if d.Format != Format || d.Made.Ledger != v.Ledger || d.Made.Position != c.Size || d.Made.Checkpoint != string(v.files[fileCheckpoint]) {
		v.find(fileJSON, 0, "it does not belong to this ledger, or to the position of the checkpoint")
	}
	told := map[int64]bool{}
	for i := range d.Events {
		told[d.Events[i].Position] = true
		v.event(&d.Events[i])
	}
	for position := range v.bare {
		if !told[position] {
			v.find(fileJSON, position, "it leaves out an event whose entry is here")
		}
	}
	for position, l := range v.headers {
		if !told[position] && l.event.Kind != consent.KindCatalog {
			v.find(fileJSON, position, "it leaves out an event that has an entry here")
		}
	}
}

// event verifies that an event of the dossier says what the header says.
func (v *verification) event(e *Event) {
	if leaf, bare := v.bare[e.Position]; bare {
		if e.Of == "" || e.LeafHash != leaf {
			v.find(fileJSON, e.Position, "the event has no entry that says what it is")
		}
		return
	}
	l, ok := v.headers[e.Position]
	if !ok {
		v.find(fileJSON, e.Position, "the event has no entry that is proven")
		return
	}
	names := map[string]locale.Text{}
	for _, n := range e.Channels {
		names[n.ID] = n.Name
	}
	want, err := EventOf(l.entry.Header, func(_, id string) locale.Text { return names[id] })
	if err != nil {
		return // The entry was found fault with already.
	}
	switch {
	case l.entry.Evidence != nil:
		want.EvidenceState = EvidenceHeld
	case e.WithheldGround != "" && e.EvidenceState == EvidenceWithheld:
		want.EvidenceState = EvidenceWithheld
	}
	// What the header does not hold is not compared; the manifest covers it.
	got := *e
	got.Summary, got.ActorDepartment, got.CatalogVersion, got.Evidence, got.VoidedBy = want.Summary, nil, 0, Evidence{}, 0
	got.WithheldGround = ""
	if !reflect.DeepEqual(got, want) {
		v.find(fileJSON, e.Position, "the event differs from its entry in the ledger")
	}
}

// catalogs verifies that the catalogs are those that their entries name.
func (v *verification) catalogs() {
	entries := map[int64]*consent.Event{}
	for _, l := range v.headers {
		if l.event.Kind == consent.KindCatalog {
			entries[l.event.CatalogVersion] = &l.event
		}
	}
	for name, data := range v.files {
		middle, ok := strings.CutPrefix(name, catalogPrefix)
		if !ok {
			continue
		}
		version, err := strconv.ParseInt(strings.TrimSuffix(middle, ".yaml"), 10, 64)
		if err != nil || catalogName(version) != name {
			v.find(name, 0, "the name is not the file name of a catalog")
			continue
		}
		if e := entries[version]; e == nil || sha256.Sum256(data) != e.Document256 {
			v.find(name, 0, "the catalog differs from the one that the ledger names")
		}
	}
}

// strictBase64 reports whether a text is base64 in its only form: the bits that no byte uses are zero.
func strictBase64(text string) bool {
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	return err == nil && base64.StdEncoding.EncodeToString(data) == text
}

// Line is a finding as people read it.
func (f *Finding) Line() string {
	line := f.File
	if line == "" {
		line = "the archive"
	}
	if f.Position != 0 {
		line += fmt.Sprintf(" at position %d", f.Position)
	}
	return line + ": " + f.Message
}
