package cases

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
	"github.com/assent-io/assent/internal/storedtext"
)

// sealedCase is what is sealed in the row of a case. The names stay.
type sealedCase struct {
	Address    string            `json:"a,omitempty"` // exact
	Subject    string            `json:"s,omitempty"`
	Text       string            `json:"t,omitempty"`
	Mailbox    string            `json:"m,omitempty"`
	Candidates []sealedCandidate `json:"c,omitempty"`
}

// sealedCandidate is a [casework.Candidate].
type sealedCandidate struct {
	Department string          `json:"d"`
	Channel    string          `json:"c,omitempty"`
	Sender     string          `json:"i,omitempty"`
	Send       string          `json:"s,omitempty"`
	Time       consent.Instant `json:"t,omitempty"`
	Evidence   string          `json:"e"`
}

// sealedEntry is what is sealed in the row of an entry. The names stay.
type sealedEntry struct {
	Text string `json:"t,omitempty"`
}

// MaxText is how many bytes of a text a case keeps.
const MaxText = 4_000

// maxSubject is how many bytes of a subject a case keeps.
const maxSubject = 1_000

// stored returns the beginning of a text as a case keeps it.
func stored(text string, most int) string {
	return storedtext.Storable(strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")), most)
}

func caseKey(id int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(id)) }

func entryKey(id int64, number int) []byte {
	return binary.BigEndian.AppendUint32(caseKey(id), uint32(number)) //nolint:gosec // It is at most maxEntries.
}

// seal seals what is said in a case.
func (s *Cases) seal(row *casetable.Case, in *sealedCase) error {
	plain, err := json.Marshal(in)
	if err != nil {
		return err
	}
	row.Sealed, err = s.Keys.Seal(seal.PurposeCase, caseKey(row.ID), plain)
	return err
}

// open returns what is sealed in a case; nothing, of one that it was taken from.
func (s *Cases) open(row *casetable.Case) (*sealedCase, error) {
	in := &sealedCase{}
	if len(row.Sealed) == 0 {
		return in, nil
	}
	plain, err := s.Keys.Open(seal.PurposeCase, caseKey(row.ID), row.Sealed)
	if err != nil {
		return nil, fmt.Errorf("a case: %w", err)
	}
	if err := json.Unmarshal(plain, in); err != nil {
		return nil, fmt.Errorf("a case: %w", err)
	}
	return in, nil
}

// sealEntry seals the text of an entry.
func (s *Cases) sealEntry(row *casetable.Entry, text string) ([]byte, error) {
	plain, err := json.Marshal(sealedEntry{Text: stored(text, MaxText)})
	if err != nil {
		return nil, err
	}
	return s.Keys.Seal(seal.PurposeCaseEntry, entryKey(row.Case, row.Number), plain)
}

// openEntry returns an entry as it is shown.
func (s *Cases) openEntry(row *casetable.Entry) (Entry, error) {
	e := Entry{Number: row.Number, Time: row.Time, Author: row.Author, Kind: row.Kind}
	if len(row.Sealed) == 0 {
		return e, nil
	}
	plain, err := s.Keys.Open(seal.PurposeCaseEntry, entryKey(row.Case, row.Number), row.Sealed)
	if err != nil {
		return Entry{}, fmt.Errorf("an entry of a case: %w", err)
	}
	var in sealedEntry
	if err := json.Unmarshal(plain, &in); err != nil {
		return Entry{}, fmt.Errorf("an entry of a case: %w", err)
	}
	e.Text = in.Text
	return e, nil
}

// digestOf returns by what the cases of a person are found: a keyed digest of the folded address that cannot be joined with what other tables
// and the feed have.
func (s *Cases) digestOf(a address.Address) ([32]byte, error) {
	hash, err := s.Keys.ListHash(consent.FormFolded, a.Folded())
	return digestOfHash(hash), err
}

func digestOfHash(hash [32]byte) [32]byte {
	mac := hmac.New(sha256.New, hash[:])
	mac.Write([]byte("assent/1/cases"))
	return [32]byte(mac.Sum(nil))
}

// mailKey returns by what a mail is known again; nil of one without a Message-ID.
func (s *Cases) mailKey(messageID string) ([]byte, error) {
	if messageID == "" {
		return nil, nil
	}
	key, err := s.Keys.EventKey([]byte("assent/1/cases/mail\x00" + messageID))
	return key[:], err
}

func sealCandidates(list []casework.Candidate) []sealedCandidate {
	var sealed []sealedCandidate
	for i := range list {
		c := &list[i]
		one := sealedCandidate{Department: c.Department, Channel: c.Channel, Sender: c.SenderIdentity, Send: c.Send, Evidence: string(c.Evidence)}
		if !c.Time.IsZero() {
			one.Time = consent.InstantOf(c.Time)
		}
		sealed = append(sealed, one)
	}
	return sealed
}

func openCandidates(sealed []sealedCandidate) []casework.Candidate {
	var list []casework.Candidate
	for i := range sealed {
		c := &sealed[i]
		one := casework.Candidate{
			Department: c.Department, Channel: c.Channel, SenderIdentity: c.Sender, Send: c.Send, Evidence: casework.Evidence(c.Evidence),
		}
		if c.Time != 0 {
			one.Time = c.Time.Time()
		}
		list = append(list, one)
	}
	return list
}
