// Package receipt writes and reads decision receipts: signed statements of what was asked about an address and what was answered,
// to be kept with the mail that was sent on it. docs/storage-format.md has the format, which is permanent.
//
// A receipt is a signed note of golang.org/x/mod/sumdb/note, so programs that read signed notes verify it without this one. Its text
// is a first line that no checkpoint has and then a line for each field, in one order. A receipt has exactly one form: whatever
// differs from it by a byte is refused.
package receipt

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/ledger"
)

// firstLine says what the text is, and of which version.
const firstLine = "assent receipt v1"

// timeLayout writes a time to the microsecond, always with six digits.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// Digest is a keyed digest of the exact form of an address, and the version of the key it was made with.
type Digest struct {
	Version uint32
	Sum     [32]byte
}

// Receipt is what a receipt says: what was asked, what was answered, and what the answer rests on.
type Receipt struct {
	Store          [16]byte        // of the database that has the positions
	Decided        consent.Instant // the time that was decided for
	Position       int64           // of the last event that counted
	CatalogVersion int64
	ForSending     bool // a strict check; false for one of the past

	Address     Digest
	Channel     string
	AskedSender string // empty: none was named
	Reference   string
	Advertising bool

	Verdict       consent.Verdict
	Reason        consent.Code
	Reasons       []consent.Code
	LegalBasis    string // empty: none was relied on
	GrantPosition int64  // 0: no event gave the basis
	Declaration   consent.Declaration
	Sender        string // the identity that was decided under; empty: none is known
}

// Field is a line of a receipt.
type Field struct{ Name, Value string }

// Fields returns the lines of the receipt in order. Texts that are empty, and a grant position that is none, have no line.
func (r *Receipt) Fields() []Field {
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	declaration := ""
	if !r.Declaration.IsZero() {
		declaration = r.Declaration.ID + "@" + r.Declaration.Version
	}
	grant := ""
	if r.GrantPosition != 0 {
		grant = number(r.GrantPosition)
	}
	reasons := make([]string, len(r.Reasons))
	for i, code := range r.Reasons {
		reasons[i] = string(code)
	}
	fields := []Field{
		{"ledger", ledger.Origin(r.Store)},
		{"decided_time", r.Decided.Time().Format(timeLayout)},
		{"position", number(r.Position)},
		{"catalog_version", number(r.CatalogVersion)},
		{"for_sending", strconv.FormatBool(r.ForSending)},
		{"address_digest", fmt.Sprintf("%d:%x", r.Address.Version, r.Address.Sum)},
		{"channel", r.Channel},
		{"asked_sender_identity", r.AskedSender},
		{"reference", r.Reference},
		{"contains_advertising", strconv.FormatBool(r.Advertising)},
		{"verdict", r.Verdict.String()},
		{"reason", string(r.Reason)},
		{"reasons", strings.Join(reasons, " ")},
		{"legal_basis", r.LegalBasis},
		{"grant_position", grant},
		{"declaration", declaration},
		{"sender_identity", r.Sender},
	}
	return slices.DeleteFunc(fields, func(f Field) bool { return f.Value == "" })
}

// Text returns the receipt as it is signed.
func (r *Receipt) Text() string {
	var b strings.Builder
	b.WriteString(firstLine + "\n")
	for _, f := range r.Fields() {
		b.WriteString(f.Name + ": " + escape(f.Value) + "\n")
	}
	return b.String()
}

// Difference is a field in which two receipts differ; the empty text stands for a field that one lacks.
type Difference struct{ Field, Expected, Got string }

// Differences returns in what the other receipt differs from this one, in order.
func (r *Receipt) Differences(other *Receipt) []Difference {
	expected, got := byName(r.Fields()), byName(other.Fields())
	var list []Difference
	for _, name := range fieldNames() {
		if expected[name] != got[name] {
			list = append(list, Difference{Field: name, Expected: expected[name], Got: got[name]})
		}
	}
	return list
}

func byName(fields []Field) map[string]string {
	values := make(map[string]string, len(fields))
	for _, f := range fields {
		values[f.Name] = f.Value
	}
	return values
}

// fieldNames returns the names of all fields in order.
func fieldNames() []string {
	full := Receipt{
		GrantPosition: 1, Channel: "-", AskedSender: "-", Reference: "-", Reason: "-", Reasons: []consent.Code{"-"}, LegalBasis: "-",
		Declaration: consent.Declaration{ID: "-", Version: "-"}, Sender: "-",
	}
	var names []string
	for _, f := range full.Fields() {
		names = append(names, f.Name)
	}
	return names
}

// Parse reads the text of a receipt. It accepts exactly what [Receipt.Text] writes.
func Parse(text string) (Receipt, error) {
	lines, ok := strings.CutPrefix(text, firstLine+"\n")
	if !ok {
		return Receipt{}, fmt.Errorf("receipt: the first line is not %q", firstLine)
	}
	values := map[string]string{}
	for line := range strings.Lines(lines) {
		name, value, found := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if !found {
			return Receipt{}, errors.New("receipt: a line does not have the form NAME: VALUE")
		}
		values[name] = unescape(value)
	}
	r, err := read(values)
	if err != nil {
		return Receipt{}, err
	}
	// There is one way to write what was read. Whatever was written in another, or is not known, or stands twice, shows here.
	if r.Text() != text {
		return Receipt{}, errors.New("receipt: it does not have the format of a receipt")
	}
	return r, nil
}

// read makes a receipt of the values of its fields.
func read(values map[string]string) (Receipt, error) {
	r := Receipt{
		Channel: values["channel"], AskedSender: values["asked_sender_identity"], Reference: values["reference"],
		Advertising: values["contains_advertising"] == "true", ForSending: values["for_sending"] == "true",
		Reason: consent.Code(values["reason"]), LegalBasis: values["legal_basis"], Sender: values["sender_identity"],
	}
	for _, code := range strings.Fields(values["reasons"]) {
		r.Reasons = append(r.Reasons, consent.Code(code))
	}
	r.Declaration.ID, r.Declaration.Version, _ = strings.Cut(values["declaration"], "@")
	for _, v := range []consent.Verdict{consent.Allow, consent.Deny, consent.Defer} {
		if v.String() == values["verdict"] {
			r.Verdict = v
		}
	}
	var err error
	for name, into := range map[string]*int64{
		"position": &r.Position, "catalog_version": &r.CatalogVersion, "grant_position": &r.GrantPosition,
	} {
		if *into, err = readNumber(values[name]); err != nil {
			return r, fmt.Errorf("receipt: %s: %w", name, err)
		}
	}
	at, err := time.Parse(timeLayout, values["decided_time"])
	if err != nil {
		return r, fmt.Errorf("receipt: decided_time does not have the form %s", timeLayout)
	}
	r.Decided = consent.InstantOf(at)
	if r.Store, err = readStore(values["ledger"]); err != nil {
		return r, err
	}
	r.Address, err = readDigest(values["address_digest"])
	if err == nil && (r.Verdict == 0 || r.Reason == "" || r.Channel == "" || r.Position < 1 || r.CatalogVersion < 1 || r.Decided < 1) {
		err = errors.New("receipt: it lacks a verdict, a reason, a channel, a position, a catalog version or a time")
	}
	return r, err
}

// readNumber reads a number that is not negative; the empty text is none.
func readNumber(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, errors.New("it is not a decimal number")
	}
	return n, nil
}

func readDigest(text string) (Digest, error) {
	version, sum, _ := strings.Cut(text, ":")
	n, err := strconv.ParseUint(version, 10, 32)
	bytes, wrong := hex.DecodeString(sum)
	if err != nil || wrong != nil || len(bytes) != len(Digest{}.Sum) {
		return Digest{}, errors.New("receipt: address_digest does not have the form KEYVERSION:HEX")
	}
	return Digest{Version: uint32(n), Sum: [32]byte(bytes)}, nil
}
