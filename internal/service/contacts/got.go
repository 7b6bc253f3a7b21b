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
	Contacts []sendtable.Place // at least one
	Wish     *campaign.Cap     // how much the person wants; nil: the person did not say so
}

// Reader reads what very many persons got, in parts. It may read several parts at once.
type Reader struct {
	store   storage.TableReader
	of      func(context.Context, storage.TableReader, [][32]byte, func(*sendtable.Place)) error
	between func(ctx context.Context, from storage.TableReader, first, last [32]byte, limit int, found func(*sendtable.Place)) error
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
	for i, from := 0, 0; i < len(places); i++ {
		if i+1 == len(places) || places[i+1].Folded != places[i].Folded {
			got, of, from = append(got, Got{Contacts: places[from : i+1]}), append(of, places[i].Folded), i+1
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
	all := make([]sendtable.Place, 0, 2*len(persons)) // Most persons have few.
	for len(persons) > 0 && !r.sparse.Load() {
		m := merge{all: all, persons: persons}
		if err := r.between(ctx, r.store, persons[0], persons[len(persons)-1], r.limit, m.add); err != nil {
			return nil, err
		}
		found := len(m.all) - len(all)
		if m.rows > len(persons) && found*sparseShare < m.rows {
			r.sparse.Store(true)
		}
		if all = m.all; m.rows < r.limit {
			return all, nil
		}
		// There may be more of the last person, who is read again.
		for len(all) > 0 && all[len(all)-1].Folded == m.last {
			all = all[:len(all)-1]
		}
		at, _ := slices.BinarySearchFunc(persons, m.last, compare)
		if at == 0 {
			r.sparse.Store(true) // It has more than is read at once, or lies before all of them.
		}
		persons = persons[at:]
	}
	err := r.of(ctx, r.store, persons, func(p *sendtable.Place) { all = append(all, *p) })
	return all, err
}

// merge gathers those of some contacts that are of persons. Both come in the order of digests.
type merge struct {
	all     []sendtable.Place
	persons [][32]byte
	rows    int // contacts that came
	last    [32]byte
}

func (m *merge) add(p *sendtable.Place) {
	m.rows, m.last = m.rows+1, p.Folded
	for len(m.persons) > 0 && compare(m.persons[0], p.Folded) < 0 {
		m.persons = m.persons[1:]
	}
	if len(m.persons) > 0 && m.persons[0] == p.Folded {
		m.all = append(m.all, *p)
	}
}

func compare(x, y [32]byte) int { return bytes.Compare(x[:], y[:]) }
