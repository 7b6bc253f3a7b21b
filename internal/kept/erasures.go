package kept

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/assent-io/assent/internal/consent"
)

const (
	erasuresName = "erasures.ndjson"
	// maxLine is far more than a line has.
	maxLine = 64 << 10
	// cutMark ends a line that a crash cut off, so that the next one begins a line of its own.
	cutMark = "#cut"
)

// Erasure is what it takes to repeat an erasure in a database that does not have it, without the address.
type Erasure struct {
	Position int64 // that it was to be given
	Recorded consent.Instant
	Occurred consent.Instant
	Actor    string
	// Subjects are the forms of the address by which its rows are found: exact, folded and mail, each under the version of the
	// digest key that its row has, or under several.
	Subjects []Subject
	// Spellings are the exact form as folded subjects name it, under each version that one of Subjects has.
	Spellings []consent.Spelling
	// Lists are the hashes of the exact and the folded form under the list key, sealed, for the lists of keyed consumers; none of an erasure that
	// an older program kept.
	Lists []byte
}

// Subject is a form of an address as a keyed digest.
type Subject struct {
	Form       consent.Form
	KeyVersion uint32
	Digest     [32]byte
}

// line is an erasure as it is written.
type line struct {
	Position  int64          `json:"position"`
	Recorded  int64          `json:"recorded"` // microseconds since 1970
	Occurred  int64          `json:"occurred"`
	Actor     string         `json:"actor"`
	Subjects  []subjectLine  `json:"subjects"`
	Spellings []spellingLine `json:"spellings"`
	Lists     string         `json:"lists,omitempty"` // hex
	// Sum is the beginning of the SHA-256 of the line with an empty sum: it tells a line that was damaged.
	Sum string `json:"sum"`
}

type subjectLine struct {
	Form   string `json:"form"`
	Key    uint32 `json:"key"`
	Digest string `json:"digest"`
}

type spellingLine struct {
	Key    uint32 `json:"key"`
	Digest string `json:"digest"`
}

// Append adds erasures, in this order and in one piece. When it returns nil they are durable; if it returns an error some may be. It
// is called before the transaction that records them is committed, so what is read later may hold erasures that were never
// recorded, but misses none.
func (d *Dir) Append(erasures []Erasure) error {
	if len(erasures) == 0 {
		return nil
	}
	var text []byte
	for i := range erasures {
		var err error
		if text, err = appendLine(text, &erasures[i]); err != nil {
			return fmt.Errorf("keep an erasure: %w", err)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	cut, err := isCut(d.erasures)
	if err != nil {
		return fmt.Errorf("keep an erasure: %w", err)
	}
	if cut {
		text = append([]byte(cutMark+"\n"), text...)
	}
	if err := appendTo(d.erasures, text); err != nil {
		return fmt.Errorf("keep an erasure: %w", err)
	}
	return nil
}

// isCut reports whether the last line of a file has no end.
func isCut(file *os.File) (bool, error) {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return false, err
	}
	var last [1]byte
	if _, err := file.ReadAt(last[:], info.Size()-1); err != nil {
		return false, err
	}
	return last[0] != '\n', nil
}

// Read returns all erasures in the order in which they were appended. A line that a crash cut off is left out: what it was about was
// never recorded. Any other line that is not as it was written is an error that names it.
func (d *Dir) Read() (_ []Erasure, err error) {
	file, err := os.Open(d.file(erasuresName))
	if err != nil {
		return nil, fmt.Errorf("read the erasures: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	erasures, err := readErasures(file)
	if err != nil {
		return nil, fmt.Errorf("read the erasures: %s: %w", d.file(erasuresName), err)
	}
	return erasures, nil
}

// ErasuresAfter returns the erasures whose position is greater than the one given: those that a database restored from a backup lacks
// if the position is one up to which it holds what was recorded. It may return some that the database has, or that were never
// recorded; to repeat one that is there changes nothing.
func (d *Dir) ErasuresAfter(position int64) ([]Erasure, error) {
	all, err := d.Read()
	if err != nil {
		return nil, err
	}
	var later []Erasure
	for _, e := range all {
		if e.Position > position {
			later = append(later, e)
		}
	}
	return later, nil
}

func readErasures(from io.Reader) ([]Erasure, error) {
	var erasures []Erasure
	text := bufio.NewReaderSize(from, maxLine)
	for n := 1; ; n++ {
		b, err := text.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF):
			return erasures, nil // What stands after the last end of a line was cut off.
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("line %d is too long", n)
		case err != nil:
			return nil, err
		}
		b = b[:len(b)-1]
		if bytes.HasSuffix(b, []byte(cutMark)) {
			continue
		}
		e, err := parseLine(b)
		if err != nil {
			return nil, fmt.Errorf("line %d is damaged, or was written by a newer program: %w", n, err)
		}
		erasures = append(erasures, e)
	}
}

// appendLine writes a line with its end. Errors do not repeat what stands in it.
func appendLine(b []byte, e *Erasure) ([]byte, error) {
	l := line{
		Position: e.Position, Recorded: int64(e.Recorded), Occurred: int64(e.Occurred), Actor: e.Actor,
		Subjects: []subjectLine{}, Spellings: []spellingLine{}, Lists: hex.EncodeToString(e.Lists),
	}
	for _, s := range e.Subjects {
		form, ok := formName(s.Form)
		if !ok {
			return nil, fmt.Errorf("an erasure cannot have the form %d", s.Form)
		}
		l.Subjects = append(l.Subjects, subjectLine{Form: form, Key: s.KeyVersion, Digest: hex.EncodeToString(s.Digest[:])})
	}
	for _, s := range e.Spellings {
		l.Spellings = append(l.Spellings, spellingLine{Key: s.Key, Digest: hex.EncodeToString(s.Sum[:])})
	}
	unsigned, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(unsigned)
	l.Sum = hex.EncodeToString(sum[:8])
	text, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	if len(text) >= maxLine {
		return nil, errors.New("its line is too long")
	}
	return append(append(b, text...), '\n'), nil
}

// parseLine reads a line without its end. It must be exactly as [appendLine] writes it.
func parseLine(b []byte) (Erasure, error) {
	var l line
	if err := json.Unmarshal(b, &l); err != nil {
		return Erasure{}, errors.New("it is not the JSON of an erasure")
	}
	e := Erasure{
		Position: l.Position, Recorded: consent.Instant(l.Recorded), Occurred: consent.Instant(l.Occurred), Actor: l.Actor,
	}
	for _, s := range l.Subjects {
		subject := Subject{Form: formOf(s.Form), KeyVersion: s.Key}
		if n, err := hex.Decode(subject.Digest[:], firstBytes(s.Digest, 64)); err != nil || n != len(subject.Digest) {
			return Erasure{}, errors.New("a digest in it is not valid")
		}
		e.Subjects = append(e.Subjects, subject)
	}
	for _, s := range l.Spellings {
		spelling := consent.Spelling{Key: s.Key}
		if n, err := hex.Decode(spelling.Sum[:], firstBytes(s.Digest, 32)); err != nil || n != len(spelling.Sum) {
			return Erasure{}, errors.New("a spelling in it is not valid")
		}
		e.Spellings = append(e.Spellings, spelling)
	}
	if l.Lists != "" {
		var err error
		if e.Lists, err = hex.DecodeString(l.Lists); err != nil {
			return Erasure{}, errors.New("the hashes for lists in it are not valid")
		}
	}
	written, err := appendLine(nil, &e)
	if err != nil || !bytes.Equal(written[:len(written)-1], b) {
		return Erasure{}, errors.New("its checksum does not match")
	}
	return e, nil
}

// firstBytes returns the text, at most n bytes of it: what is longer does not fit its sum.
func firstBytes(text string, n int) []byte { return []byte(text[:min(len(text), n)]) }

// formName returns how a form is written.
func formName(form consent.Form) (string, bool) {
	switch form {
	case consent.FormExact:
		return "exact", true
	case consent.FormFolded:
		return "folded", true
	case consent.FormMail:
		return "mail", true
	case consent.FormDomain: // Domains are not erased.
	}
	return "", false
}

func formOf(name string) consent.Form {
	for _, form := range []consent.Form{consent.FormExact, consent.FormFolded, consent.FormMail} {
		if known, _ := formName(form); known == name {
			return form
		}
	}
	return 0
}
