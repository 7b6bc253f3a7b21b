package suppressionfile

import (
	"encoding/json"
	"fmt"
	"time"
)

// Format is the form of the manifest. New keys may be added to it; a key never changes its meaning.
const Format = "assent-suppressions/1"

// Manifest says what is in the files and what they cannot say. It holds no address and no hash of one.
type Manifest struct {
	Format   string `json:"format"`
	Form     string `json:"form"`
	Tool     string `json:"tool"`
	StoreID  string `json:"storeId"`
	Channel  string `json:"channel"`
	MadeTime string `json:"madeTime"` // RFC 3339, UTC
	Position uint64 `json:"position"`
	// Token is where the feed of changes goes on from this list.
	Token string `json:"token"`
	// Order is how the rows are ordered.
	Order                  string        `json:"order"`
	Normalisation          Normalisation `json:"normalisation"`
	IncludingTransactional bool          `json:"includingTransactional"`
	Files                  []File        `json:"files"`
	Counts                 Counts        `json:"counts"`
	LeftOut                []Count       `json:"leftOut"`
	ListedApart            []Count       `json:"listedApart"`
	CannotExpress          []Count       `json:"cannotExpress"`
}

// Normalisation says how addresses are written, and how hashes were made of them.
type Normalisation struct {
	Address string   `json:"address"`
	Hash    *Hashing `json:"hash,omitempty"`
	// Encoding is how a hash is written.
	Encoding string `json:"encoding,omitempty"`
}

// File is a file that was written.
type File struct {
	Name string `json:"name"`
	// List is the list of the tool that the file is for; empty of a form that has one list.
	List string `json:"list,omitempty"`
	// Apart is set of a file that the tool does not import.
	Apart  bool   `json:"apart,omitempty"`
	Rows   int64  `json:"rows"` // without the header; of calls, addresses
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // hexadecimal digits
	// Import is how the file is imported, in one sentence.
	Import string `json:"import"`
}

// Counts are sums over entries: Read = Written + ListedApart + Merged + LeftOut.
type Counts struct {
	Read int64 `json:"read"`
	// Written are the rows of the files that the tool imports.
	Written int64 `json:"written"`
	// ListedApart are the rows of the other files.
	ListedApart int64 `json:"listedApart"`
	// Merged are the entries that a row of another entry stands for.
	Merged  int64 `json:"merged"`
	LeftOut int64 `json:"leftOut"`
}

// Count is a number of entries with what they have in common.
type Count struct {
	What    string `json:"what"`
	Entries int64  `json:"entries"`
	Why     string `json:"why"`
}

// aspect is something that an entry says, and a form may be unable to.
type aspect uint8

const (
	sayScope aspect = 1 << iota
	sayDomain
	sayVariants
	saySince
	sayUntil
	sayReason
	sayAll = sayScope | sayDomain | sayVariants | saySince | sayUntil | sayReason
)

// limit is what a form cannot say.
type limit struct {
	aspect aspect
	what   string
	of     func(e *Entry) bool // which entries say it
	why    string
}

// limits are what tools cannot say, in the order of the manifest.
func limits() []limit {
	return []limit{
		{
			sayScope, "scope", func(e *Entry) bool { return e.Scope != scopeAll },
			"The row does not say what the entry covers: the tool blocks all that the list covers on which the row stands.",
		},
		{
			sayDomain, "domain", func(e *Entry) bool { return e.Match == Domain },
			"The tool imports addresses only: a file of its own lists the domains, and addresses of them that are not known here stay unblocked.",
		},
		{
			sayVariants, "variants", func(e *Entry) bool { return e.Match == Folded },
			"The entry blocks every spelling of the mailbox, the row only the spelling that is known.",
		},
		{saySince, "since", func(e *Entry) bool { return !e.Since.IsZero() }, "The row does not say since when the entry holds."},
		{
			sayUntil, "until", func(e *Entry) bool { return !e.Until.IsZero() },
			"The entry ends by itself, the row does not: it has to be taken off the list of the tool.",
		},
		{sayReason, "reason", func(e *Entry) bool { return e.Reason != "" }, "The row does not say why."},
	}
}

// removals is what no form can say.
const removals = "None of these files takes anybody off a list: what has ended since an earlier export has to be taken off in the tool, " +
	"by its own call or by hand. The feed of changes names it."

// causes are all causes in the order of the manifest.
func causes() []struct {
	cause cause
	apart bool
	why   string
} {
	return []struct {
		cause cause
		apart bool
		why   string
	}{
		{causeEnded, false, "The entry ended before the list was made."},
		{causeNoAddress, false, "The address or domain is not known, as after an erasure. Only a check, or hashes of a consumer with a key of its own, can tell."},
		{causeNoHash, false, "There is no hash of the entry, as after an erasure."},
		{causeTransactional, false, "The list of the tool stops transactional mail, too, and the entry does not. --including-transactional writes it all the same."},
		{causeReason, false, "The list of the tool knows hard bounces and complaints only."},
		{causeDomain, true, "The tool imports addresses only. The file of domains lists it."},
		{causeNotASCII, true, "The tool refuses characters other than ASCII before the @. The file of what cannot be imported lists it."},
		{causeInvalid, true, "It is no address by the rules of now. The file of what cannot be imported lists it."},
	}
}

// tally counts entries while they are read and written.
type tally struct {
	read, merged, leftOut int64
	byCause               map[cause]int64
	limits                []limit
	unsaid                []int64 // by limit
}

func newTally(f *form) *tally {
	t := &tally{byCause: map[cause]int64{}}
	for _, l := range limits() {
		if f.says&l.aspect == 0 {
			t.limits = append(t.limits, l)
		}
	}
	t.unsaid = make([]int64, len(t.limits))
	return t
}

// count counts an entry by where it goes. Of what is listed apart the form says nothing anyhow; but of domains it is worth saying.
func (t *tally) count(e Entry, p place) {
	if p.list == nil {
		t.leaveOut(p.cause)
		return
	}
	if p.cause != "" {
		t.byCause[p.cause]++
	}
	for i, l := range t.limits {
		if (p.cause == "" || l.aspect == sayDomain) && l.of(&e) {
			t.unsaid[i]++
		}
	}
}

func (t *tally) leaveOut(c cause) {
	t.leftOut++
	t.byCause[c]++
}

func newManifest(f *form, o Options, t *tally, files []File) Manifest {
	m := Manifest{
		Format: Format, Form: f.name, Tool: f.tool, StoreID: o.StoreID, Channel: o.Channel, MadeTime: o.Made.UTC().Format(time.RFC3339Nano),
		Position: o.Position, Token: o.Token, Order: "by address, byte by byte", IncludingTransactional: o.IncludingTransactional, Files: files,
		Normalisation: Normalisation{Address: "exact form: lower case, NFC, the domain as A-label"},
		Counts:        Counts{Read: t.read, Merged: t.merged, LeftOut: t.leftOut},
		LeftOut:       []Count{}, ListedApart: []Count{}, CannotExpress: []Count{},
	}
	if f.hashed {
		m.Order = "by hash"
		m.Normalisation.Encoding = "lower-case hexadecimal digits, one hash a line"
	}
	if f.external != nil {
		m.Order = "as the form has it"
	}
	if f.hashed || f.external != nil {
		m.Normalisation.Hash = o.Hashing
	}
	for _, file := range files {
		if file.Apart {
			m.Counts.ListedApart += file.Rows
		} else {
			m.Counts.Written += file.Rows
		}
	}
	m.explain(t)
	return m
}

// explain adds the causes and what the form cannot say.
func (m *Manifest) explain(t *tally) {
	for _, c := range causes() {
		n := t.byCause[c.cause]
		switch {
		case n == 0:
		case c.apart:
			m.ListedApart = append(m.ListedApart, Count{string(c.cause), n, c.why})
		default:
			m.LeftOut = append(m.LeftOut, Count{string(c.cause), n, c.why})
		}
	}
	for i, l := range t.limits {
		m.CannotExpress = append(m.CannotExpress, Count{l.what, t.unsaid[i], l.why})
	}
	m.CannotExpress = append(m.CannotExpress, Count{What: "removals", Why: removals})
}

// JSON is the manifest as a file: keys in the order of the documentation, indented by two spaces, with a line feed at its end.
func (m Manifest) JSON() ([]byte, error) {
	data, err := json.MarshalIndent(m, "", "  ")
	return append(data, '\n'), err
}

func (m Manifest) writeTo(folder Folder, base string) error {
	name := base + ".manifest.json"
	data, err := m.JSON()
	if err != nil {
		return err
	}
	file, err := folder.Create(name)
	if err == nil {
		_, err = file.Write(data)
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", name, err)
	}
	return nil
}
