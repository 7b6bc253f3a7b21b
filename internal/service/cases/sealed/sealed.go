// Package sealed reads and writes what is said in cases: the address, the texts and the candidates, which are stored sealed, and the keyed digests by which a
// person and a mail are found.
package sealed

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

// Case is what is sealed in the row of a case. The names stay.
type Case struct {
	Address    string      `json:"a,omitempty"` // exact
	Subject    string      `json:"s,omitempty"`
	Text       string      `json:"t,omitempty"`
	Mailbox    string      `json:"m,omitempty"`
	Candidates []Candidate `json:"c,omitempty"`
}

// Candidate is a [casework.Candidate].
type Candidate struct {
	Department string          `json:"d"`
	Channel    string          `json:"c,omitempty"`
	Sender     string          `json:"i,omitempty"`
	Send       string          `json:"s,omitempty"`
	Time       consent.Instant `json:"t,omitempty"`
	Evidence   string          `json:"e"`
}

// entry is what is sealed in the row of an entry. The names stay.
type entry struct {
	Text string `json:"t,omitempty"`
}

// MaxText is how many bytes of a text a case keeps.
const MaxText = 4_000

// MaxSubject is how many bytes of a subject a case keeps.
const MaxSubject = 1_000

// Stored returns the beginning of a text as a case keeps it.
func Stored(text string, most int) string {
	return storedtext.Storable(strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")), most)
}

func caseKey(id int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(id)) }

func entryKey(id int64, number int) []byte {
	return binary.BigEndian.AppendUint32(caseKey(id), uint32(number)) //nolint:gosec // It is at most the entries that a case has.
}

// Seal seals what is said in a case.
func Seal(keys *seal.Keys, row *casetable.Case, in *Case) error {
	plain, err := json.Marshal(in)
	if err != nil {
		return err
	}
	row.Sealed, err = keys.Seal(seal.PurposeCase, caseKey(row.ID), plain)
	return err
}

// Open returns what is sealed in a case; nothing, of one that it was taken from.
func Open(keys *seal.Keys, row *casetable.Case) (*Case, error) {
	in := &Case{}
	if len(row.Sealed) == 0 {
		return in, nil
	}
	plain, err := keys.Open(seal.PurposeCase, caseKey(row.ID), row.Sealed)
	if err != nil {
		return nil, fmt.Errorf("a case: %w", err)
	}
	if err := json.Unmarshal(plain, in); err != nil {
		return nil, fmt.Errorf("a case: %w", err)
	}
	return in, nil
}

// SealEntry seals the text of an entry.
func SealEntry(keys *seal.Keys, row *casetable.Entry, text string) ([]byte, error) {
	plain, err := json.Marshal(entry{Text: Stored(text, MaxText)})
	if err != nil {
		return nil, err
	}
	return keys.Seal(seal.PurposeCaseEntry, entryKey(row.Case, row.Number), plain)
}

// OpenEntry returns the text of an entry; empty, of one that it was taken from.
func OpenEntry(keys *seal.Keys, row *casetable.Entry) (text string, err error) {
	if len(row.Sealed) == 0 {
		return "", nil
	}
	plain, err := keys.Open(seal.PurposeCaseEntry, entryKey(row.Case, row.Number), row.Sealed)
	if err != nil {
		return "", fmt.Errorf("an entry of a case: %w", err)
	}
	var in entry
	if err := json.Unmarshal(plain, &in); err != nil {
		return "", fmt.Errorf("an entry of a case: %w", err)
	}
	return in.Text, nil
}

// DigestOf returns by what the cases of a person are found: a keyed digest of the folded address that cannot be joined with what other tables
// and the feed have.
func DigestOf(keys *seal.Keys, a address.Address) ([32]byte, error) {
	hash, err := keys.ListHash(consent.FormFolded, a.Folded())
	return DigestOfHash(hash), err
}

// DigestOfHash returns the digest of a folded address by its list hash.
func DigestOfHash(hash [32]byte) [32]byte {
	mac := hmac.New(sha256.New, hash[:])
	mac.Write([]byte("assent/1/cases"))
	return [32]byte(mac.Sum(nil))
}

// MailKey returns by what a mail is known again; nil of one without a Message-ID.
func MailKey(keys *seal.Keys, messageID string) ([]byte, error) {
	if messageID == "" {
		return nil, nil
	}
	key, err := keys.EventKey([]byte("assent/1/cases/mail\x00" + messageID))
	return key[:], err
}

// Candidates returns candidates as they are sealed.
func Candidates(list []casework.Candidate) []Candidate {
	var sealed []Candidate
	for i := range list {
		c := &list[i]
		one := Candidate{Department: c.Department, Channel: c.Channel, Sender: c.SenderIdentity, Send: c.Send, Evidence: string(c.Evidence)}
		if !c.Time.IsZero() {
			one.Time = consent.InstantOf(c.Time)
		}
		sealed = append(sealed, one)
	}
	return sealed
}

// OpenCandidates returns the candidates that were sealed.
func OpenCandidates(sealed []Candidate) []casework.Candidate {
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
