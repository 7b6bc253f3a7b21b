package dossier

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/assent-io/assent/internal/ledger"
)

// maxFindings is how many findings are kept; there may be more.
const maxFindings = 100

// Finding is something that does not hold in an archive.
type Finding struct {
	File     string `json:"file"`     // empty: the archive as a whole
	Position int64  `json:"position"` // of the entry that it is about; 0: none
	Message  string `json:"message"`
}

// Report is what the verification of an archive found. The numbers count what the archive says; they are worth something only if there
// are no findings.
type Report struct {
	Ledger          string    `json:"ledger"`
	Position        int64     `json:"position"` // of the checkpoint
	MadeTime        Time      `json:"madeTime,omitzero"`
	Files           int       `json:"files"`
	Events          int       `json:"events"`          // entries with a proof
	EvidenceHeld    int       `json:"evidenceHeld"`    // of them with sealed evidence
	EvidenceDeleted int       `json:"evidenceDeleted"` // of them without their evidence, which was deleted
	VerifierKey     string    `json:"verifierKey"`
	KeyFromFile     bool      `json:"keyFromFile"` // the key is that of the archive itself: it must be compared
	NoArchive       bool      `json:"-"`           // nothing in it is of an archive: that is the only finding
	Found           int       `json:"found"`
	Findings        []Finding `json:"findings"` // the first of them
}

// verification is one under way.
type verification struct {
	Report
	files    map[string][]byte
	verifier note.Verifier
	headers  map[int64]*leaf
	bare     map[int64]string // leaf hashes of entries without a header
}

// Verify verifies an archive that [Archive] made, with nothing but its bytes and a verifier key: that every byte of it is as it was
// written, that the manifest and the checkpoint are signed, that every entry is in the ledger of that checkpoint, that the sealed
// evidence is that of its entry and the catalogs those of theirs, and that the dossier says what the entries say. Without a key that of
// the archive is used, and the report says so.
func Verify(data []byte, key string) Report {
	v := &verification{Report: Report{Findings: []Finding{}}, files: map[string][]byte{}, headers: map[int64]*leaf{}, bare: map[int64]string{}}
	files, err := readZip(data)
	if !slices.ContainsFunc(files, func(f file) bool { return f.name == fileManifest || f.name == fileKey || f.name == fileCheckpoint }) {
		v.NoArchive = true
		v.find("", 0, "this is not an archive that `assent history --format zip` made")
		return v.Report
	}
	if err != nil {
		v.find("", 0, "%v", err)
	}
	for i := range files {
		v.file(&files[i])
	}
	v.Files = len(files)
	if v.readKey(key); v.ofAnotherKey() {
		v.Found, v.Findings = 0, v.Findings[:0]
		v.find(fileManifest, 0, "it is not signed by the key that was given, but by another one, which the archive names")
		return v.Report
	}
	v.manifest(files)
	checkpoint, ok := v.checkpoint()
	if ok {
		v.entries(checkpoint)
		v.dossier(checkpoint)
		v.catalogs()
	}
	return v.Report
}

func (v *verification) find(file string, position int64, format string, args ...any) {
	if v.Found++; len(v.Findings) < maxFindings {
		v.Findings = append(v.Findings, Finding{file, position, fmt.Sprintf(format, args...)})
	}
}

// file takes a file up. One that comes twice is not taken twice: programs would not agree on which counts.
func (v *verification) file(f *file) {
	if _, twice := v.files[f.name]; twice {
		v.find(f.name, 0, "the file is in the archive twice")
		return
	}
	v.files[f.name] = f.data
	if crc32.ChecksumIEEE(f.data) != f.crc {
		v.find(f.name, 0, "the file does not match its checksum in the archive: it was altered")
	}
}

// readKey finds the key that must have signed.
func (v *verification) readKey(key string) {
	own := strings.TrimSuffix(string(v.files[fileKey]), "\n")
	if v.VerifierKey = key; key == "" {
		v.VerifierKey, v.KeyFromFile = own, true
	}
	var err error
	if v.verifier, err = note.NewVerifier(v.VerifierKey); err != nil {
		v.find(fileKey, 0, "there is no verifier key; it must have the form NAME+HASH+KEY")
		return
	}
	v.Ledger = v.verifier.Name()
	if own != v.VerifierKey {
		v.find(fileKey, 0, "the key of the archive is not the one that was given")
	}
}

// ofAnotherKey reports whether the manifest is signed by the key of the archive, and not by the one that was given: then nothing else of
// it says more.
func (v *verification) ofAnotherKey() bool {
	own, err := note.NewVerifier(strings.TrimSuffix(string(v.files[fileKey]), "\n"))
	if v.KeyFromFile || v.verifier == nil || err != nil {
		return false
	}
	if _, err := v.opened(v.files[fileManifest]); err == nil {
		return false
	}
	_, err = note.Open(v.files[fileManifest], note.VerifierList(own))
	return err == nil
}

// manifest verifies that the manifest is signed, and that the files are those that it names.
func (v *verification) manifest(files []file) {
	signed, ok := v.files[fileManifest]
	if !ok {
		v.find(fileManifest, 0, "the file is missing")
		return
	}
	text, err := v.opened(signed)
	if err != nil {
		v.find(fileManifest, 0, "%v", err)
		if text = unsigned(signed); text == "" {
			return
		}
	}
	if manifestOf(v.Ledger, files) == text {
		return
	}
	title, ledger, lines := cutManifest(text)
	if title != manifestTitle || ledger != v.Ledger {
		v.find(fileManifest, 0, "it is not the manifest of an archive of this ledger")
	}
	v.compare(lines)
}

// opened returns the text of a note that has exactly one signature, made by the key. It also finds a changed byte in a
// signature.
func (v *verification) opened(signed []byte) (string, error) {
	if v.verifier == nil {
		return "", errors.New("it cannot be verified without a key")
	}
	opened, err := note.Open(signed, note.VerifierList(v.verifier))
	if err != nil {
		return "", errors.New("it is not signed by the key, or was altered")
	}
	again, err := note.Sign(&note.Note{Text: opened.Text, Sigs: opened.Sigs})
	if err != nil || !bytes.Equal(again, signed) || len(opened.Sigs) != 1 || !strictBase64(opened.Sigs[0].Base64) {
		return "", errors.New("it has unsigned content besides the signature of the key")
	}
	return opened.Text, nil
}

// unsigned returns the text of a note without a valid signature, to name the files that differ from it.
func unsigned(signed []byte) string {
	at := bytes.LastIndex(signed, []byte("\n\n"))
	return string(signed[:at+1])
}

func cutManifest(text string) (title, ledger string, lines []string) {
	all := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(all) < 2 {
		return "", "", nil
	}
	return all[0], all[1], all[2:]
}

// compare names the files that are not those of the lines of a manifest.
func (v *verification) compare(lines []string) {
	before := v.Found
	named := map[string]bool{fileManifest: true}
	for _, line := range lines {
		parts := strings.SplitN(line, " ", 3)
		if len(parts) != 3 {
			v.find(fileManifest, 0, "a line of it cannot be read")
			continue
		}
		name := parts[2]
		named[name] = true
		data, ok := v.files[name]
		switch {
		case !ok:
			v.find(name, 0, "the file is missing")
		case fmt.Sprintf("%x %d", sha256.Sum256(data), len(data)) != parts[0]+" "+parts[1]:
			v.find(name, 0, "the file is not the one that the manifest names: it was altered")
		}
	}
	for name := range v.files {
		if !named[name] {
			v.find(name, 0, "the manifest does not name this file")
		}
	}
	if v.Found == before {
		v.find(fileManifest, 0, "its lines are not in the required form and order")
	}
}

// checkpoint opens the checkpoint.
func (v *verification) checkpoint() (ledger.Checkpoint, bool) {
	if v.verifier == nil {
		return ledger.Checkpoint{}, false
	}
	c, err := ledger.OpenCheckpoint(v.files[fileCheckpoint], v.Ledger, v.VerifierKey)
	if err != nil {
		v.find(fileCheckpoint, 0, "%v", err)
		return c, false
	}
	v.Position = c.Size
	return c, true
}
