// Package value holds the values that people write in flags and read in results: times, legal bases, declarations and what is known.
// Its types are values of flags: String, Set and Type are those of a flag. What they refuse they do not repeat, unless it is a word
// of a closed list: it may be an address.
package value

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/nearest"
	"github.com/assent-io/assent/internal/textfile"
	"github.com/assent-io/assent/internal/timetext"
)

// Choice is a flag that takes one of a few words.
type Choice struct {
	Value   string
	Options []string
}

// NewChoice starts with the value.
func NewChoice(value string, options ...string) Choice {
	return Choice{Value: value, Options: options}
}

func (c *Choice) String() string { return c.Value }

// Type names the value in the help.
func (c *Choice) Type() string { return "word" }

// Set takes the value, if it is one.
func (c *Choice) Set(value string) error {
	if !slices.Contains(c.Options, value) {
		return fmt.Errorf("it must be one of %s%s", strings.Join(c.Options, ", "), nearest.Hint(value, c.Options))
	}
	c.Value = value
	return nil
}

// Time is a flag that takes a time; unset it is nil.
type Time struct{ At *timestamppb.Timestamp }

func (f *Time) String() string { return Stamp(f.At) }

// Type names the value in the help.
func (f *Time) Type() string { return "time" }

// Set takes the value, if it is one.
func (f *Time) Set(value string) error {
	at, err := parseTime(value)
	f.At = at
	return err
}

// Encoding is a flag that takes the encoding of a file; unset it is empty.
type Encoding struct{ Name textfile.Encoding }

func (f *Encoding) String() string { return string(f.Name) }

// Type names the value in the help.
func (f *Encoding) Type() string { return "encoding" }

// Set takes the value, if it is one.
func (f *Encoding) Set(value string) error {
	name, err := textfile.ParseEncoding(value)
	f.Name = name
	return err
}

// Known is a flag that takes up to where the ledger counts as known: a position or a time. Unset it is nil.
type Known struct{ Until *assentv1.KnownAsOf }

// Type names the value in the help.
func (f *Known) Type() string { return "position|time" }

func (f *Known) String() string {
	if position := f.Until.GetPosition(); position != 0 {
		return strconv.FormatInt(position, 10)
	}
	return Stamp(f.Until.GetTime())
}

// Set takes the value, if it is one.
func (f *Known) Set(value string) error {
	if position, err := strconv.ParseInt(value, 10, 64); err == nil && position > 0 {
		f.Until = &assentv1.KnownAsOf{Until: &assentv1.KnownAsOf_Position{Position: position}}
		return nil
	}
	at, err := parseTime(value)
	if err != nil {
		return errors.New("it must be a position from 1 on, or a time such as " + timetext.Example)
	}
	f.Until = &assentv1.KnownAsOf{Until: &assentv1.KnownAsOf_Time{Time: at}}
	return nil
}

// Moment is the moment of the past that is asked about.
type Moment struct {
	AsOf  Time
	Known Known
}

// IsPast reports whether the past is asked about.
func (m *Moment) IsPast() bool { return m.AsOf.At != nil || m.Known.Until != nil }

// String says what moment is asked about.
func (m *Moment) String() string {
	var parts []string
	if m.AsOf.At != nil {
		parts = append(parts, "as of "+m.AsOf.String())
	}
	if m.Known.Until != nil {
		parts = append(parts, "as known at "+m.Known.String())
	}
	return strings.Join(parts, ", ")
}

// Declaration is a flag that takes id@version; unset it is nil.
type Declaration struct{ Ref *assentv1.DeclarationRef }

func (f *Declaration) String() string { return DeclarationName(f.Ref) }

// Type names the value in the help.
func (f *Declaration) Type() string { return "id@version" }

// Set takes the value, if it is one.
func (f *Declaration) Set(value string) error {
	ref, err := parseDeclaration(value)
	f.Ref = ref
	return err
}

// Basis is a flag that takes a legal basis.
type Basis struct{ Basis assentv1.LegalBasis }

func (f *Basis) String() string { return BasisName(f.Basis) }

// Type names the value in the help.
func (f *Basis) Type() string { return "basis" }

// Set takes the value, if it is one.
func (f *Basis) Set(value string) error {
	basis, ok := ParseBasis(value)
	if !ok {
		names := BasisNames()
		return errors.New("it must be one of " + strings.Join(names, ", ") + nearest.Hint(value, names))
	}
	f.Basis = basis
	return nil
}

// VerifierKey is a flag that holds a public key which notes are verified with.
type VerifierKey string

func (f *VerifierKey) String() string { return string(*f) }

// Type names the value in the help.
func (f *VerifierKey) Type() string { return "string" }

// Set takes the key, if it is one.
func (f *VerifierKey) Set(value string) error {
	if _, err := note.NewVerifier(value); err != nil {
		return errors.New("a verifier key must have the form NAME+HASH+KEY, as keys show writes it")
	}
	*f = VerifierKey(value)
	return nil
}

// Positions is the value of a flag that lists positions of events. Each use of the flag adds one, or several with commas between them.
type Positions []int64

func (f *Positions) String() string { return Numbers(*f, ",") }

// Type returns the placeholder in the usage text.
func (f *Positions) Type() string { return "position" }

// Set adds to the value.
func (f *Positions) Set(value string) error {
	for text := range strings.SplitSeq(value, ",") {
		position, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil || position < 1 {
			return errors.New("not a position of an event: give a whole number from 1 on, as assent history shows it")
		}
		*f = append(*f, position)
	}
	return nil
}
