package cases

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/service/cases/sealed"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

// Held is a case that is held about a person, with what the person wrote in it after it was opened.
type Held struct {
	Case    Case
	Letters []Entry
}

// CasesOf returns the cases about an address, by number: of any spelling of it, or where exact is set only of this one. It asks for no right: that is
// for the export that tells of them.
func (s *Cases) CasesOf(ctx context.Context, a address.Address, exact bool) ([]Held, error) {
	digest, err := sealed.DigestOf(s.Keys, a)
	if err != nil {
		return nil, err
	}
	const most = 1 << 20
	rows, err := casetable.CasesAbout(ctx, s.Store, digest, "", most)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	var list []Held
	for i := range slices.Backward(rows) {
		c, err := s.read(&rows[i])
		if err != nil {
			return nil, err
		}
		if exact && c.Address != a.Exact() {
			continue
		}
		held := Held{Case: c}
		if held.Letters, err = s.letters(ctx, rows[i].ID); err != nil {
			return nil, err
		}
		list = append(list, held)
	}
	return list, nil
}

// letters returns the entries of a case that the person wrote, as far as they are still kept.
func (s *Cases) letters(ctx context.Context, id int64) ([]Entry, error) {
	rows, err := casetable.Entries(ctx, s.Store, id)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	var list []Entry
	for i := range rows {
		if rows[i].Kind != EntryMail {
			continue
		}
		text, err := sealed.OpenEntry(s.Keys, &rows[i])
		if err != nil {
			return nil, err
		}
		if text != "" {
			list = append(list, Entry{Number: rows[i].Number, Time: rows[i].Time, Author: rows[i].Author, Kind: EntryMail, Text: text})
		}
	}
	return list, nil
}
