package cards

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// Subject is one form of an address as it is now.
type Subject struct {
	Key        storage.SubjectKey
	ID         consent.SubjectID
	KeyVersion uint32         // of the digest key of its row
	Text       string         // the form, as its row has it; empty: an erasure took it
	State      *consent.State // nil: it has no events
}

// Present returns the subjects that exist for the keys as they are now, in no order. One that was erased as a whole is left out.
func (r *Reader) Present(ctx context.Context, keys []storage.SubjectKey) ([]Subject, error) {
	all, err := r.load(ctx, Part{Present: true}, keys)
	if err != nil {
		return nil, err
	}
	return present(all), nil
}

// PresentIn returns the first subjects with ids in a range as they are now, in order of their ids, about as many as the limit says, and the id
// of the last; zero if the range has none. Confirmation mails are read and left out.
func (r *Reader) PresentIn(ctx context.Context, ids storage.IDRange, limit int) ([]Subject, consent.SubjectID, error) {
	head, rows, err := r.Store.SubjectsIn(ctx, ids, limit)
	if err != nil || len(rows) == 0 {
		return nil, consent.SubjectID{}, err
	}
	last := rows[len(rows)-1].ID
	rows = slices.DeleteFunc(rows, func(s storage.SubjectState) bool { return s.Key.Form == consent.FormMail })
	all, err := r.open(rows)
	if err != nil {
		return nil, last, err
	}
	err = r.unpack(ctx, &head, rows, all)
	return present(all), last, err
}

func present(all []*subject) []Subject {
	list := make([]Subject, len(all))
	for i, s := range all {
		list[i] = Subject{Key: s.key, ID: s.id, KeyVersion: s.version, Text: s.address, State: s.after}
	}
	return list
}

// Addresses returns the addresses that the evidence of the events of folded subjects still has, and where the folded form has no text those that
// exact subjects hold: for each subject by the spelling that its events carry. Subjects of which nothing is known are missing.
func (r *Reader) Addresses(ctx context.Context, of []*Subject) (map[consent.SubjectID]map[[16]byte]address.Address, error) {
	all := map[consent.SubjectID]map[[16]byte]address.Address{}
	keys, byID := make([]storage.SubjectKey, len(of)), make(map[consent.SubjectID]*subject, len(of))
	for i, s := range of {
		keys[i], byID[s.ID] = s.Key, &subject{key: s.Key, id: s.ID, version: s.KeyVersion}
	}
	g := r.newGatherer(Part{}, nil)
	var nameless []*subject
	for _, s := range of {
		if s.Text == "" {
			nameless = append(nameless, byID[s.ID])
		}
	}
	held, err := g.heldBy(ctx, nameless)
	if err != nil {
		return nil, err
	}
	for _, s := range nameless {
		if found := held[s.key]; found != nil {
			all[s.id] = found
		}
	}
	for after := int64(0); len(keys) > 0; {
		_, records, err := r.Store.Records(ctx, keys, after, recordPage)
		if err != nil {
			return nil, err
		}
		for i := range records {
			e := &records[i].Event
			after = e.Position
			s := byID[e.Subject]
			if s == nil {
				continue // It was given another id meanwhile, or the event was blanked.
			}
			if all[s.id] == nil {
				all[s.id] = map[[16]byte]address.Address{}
			}
			if err := g.addAddress(all[s.id], s, &records[i]); err != nil {
				return nil, err
			}
		}
		if len(records) < recordPage {
			break
		}
	}
	return all, nil
}
