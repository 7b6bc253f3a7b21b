package contacts

import (
	"bytes"
	"context"
	"slices"
	"sync/atomic"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// Got is what a person got of marketing, or is to get.
type Got struct {
	Contacts []campaign.Contact // at least one
	Wish     *campaign.Cap      // how much the person wants; nil: the person did not say so
}

// Reader reads what very many persons got, in parts. It may read several parts at once.
type Reader struct {
	store   storage.TableReader
	of      func(context.Context, storage.TableReader, [][32]byte) ([]sendtable.Place, error)
	between func(ctx context.Context, from storage.TableReader, first, last [32]byte, limit int) ([]sendtable.Place, error)
	limit   int         // how many rows between two persons are read at once
	sparse  atomic.Bool // most contacts are of other persons
}

// NewReader returns a reader of what persons got.
func (c *Contacts) NewReader() *Reader {
	return &Reader{store: c.Store, of: sendtable.PlacesOf, between: sendtable.PlacesBetween, limit: rangeRows}
}

const (
	// rangeRows is how many contacts are read at once of those that lie between the first and the last person of a part.
	rangeRows = 20_000
	// sparseShare says when that is given up: when fewer than one in so many of these contacts is of a person of the part.
	sparseShare = 4
)

// GotOf returns what persons got, of those that got anything. The persons are in the order of their digests, each once.
func (r *Reader) GotOf(ctx context.Context, persons [][32]byte) ([]Got, error) {
	places, err := r.places(ctx, persons)
	if err != nil || len(places) == 0 {
		return nil, env.StoreFault(err)
	}
	var got []Got
	var of [][32]byte
	contacts := make([]campaign.Contact, len(places))
	for i, from := 0, 0; i < len(places); i++ {
		contacts[i] = places[i].Contact
		if i+1 == len(places) || places[i+1].Folded != places[i].Folded {
			got, of, from = append(got, Got{Contacts: contacts[from : i+1]}), append(of, places[i].Folded), i+1
		}
	}
	wishes, err := wishesOf(ctx, r.store, of)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	for i := range wishes {
		at, _ := slices.BinarySearchFunc(of, wishes[i].Folded, compare)
		limit := capOf(&wishes[i])
		got[at].Wish = &limit
	}
	return got, nil
}

// places returns the contacts of persons, by digest. Where the persons lie close to each other it reads all that lies between them.
func (r *Reader) places(ctx context.Context, persons [][32]byte) ([]sendtable.Place, error) {
	var all []sendtable.Place
	for len(persons) > 0 && !r.sparse.Load() {
		rows, err := r.between(ctx, r.store, persons[0], persons[len(persons)-1], r.limit)
		if err != nil {
			return nil, err
		}
		whole := len(rows)
		if whole == r.limit { // There may be more of the last person.
			for whole > 0 && rows[whole-1].Folded == rows[len(rows)-1].Folded {
				whole--
			}
		}
		asked, before := len(persons), len(all)
		all, persons = join(all, rows[:whole], persons)
		if len(rows) > asked && (len(all)-before)*sparseShare < whole || whole == 0 && len(rows) > 0 {
			r.sparse.Store(true)
		}
		if len(rows) < r.limit {
			return all, nil
		}
		at, _ := slices.BinarySearchFunc(persons, rows[len(rows)-1].Folded, compare)
		persons = persons[at:]
	}
	rest, err := r.of(ctx, r.store, persons)
	return append(all, rest...), err
}

// join appends those of the rows that are of one of the persons, and returns the persons after the last row. Both are in the order of digests.
func join(to, rows []sendtable.Place, persons [][32]byte) (all []sendtable.Place, left [][32]byte) {
	for i := range rows {
		for len(persons) > 0 && compare(persons[0], rows[i].Folded) < 0 {
			persons = persons[1:]
		}
		if len(persons) == 0 {
			break
		}
		if persons[0] == rows[i].Folded {
			to = append(to, rows[i])
		}
	}
	return to, persons
}

func compare(x, y [32]byte) int { return bytes.Compare(x[:], y[:]) }
