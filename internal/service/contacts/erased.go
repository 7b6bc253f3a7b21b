package contacts

import (
	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// erasedUntil returns of those persons who were ever erased, whatever the spelling of the address was, the time until which they were. A person whom
// an earlier write of the transaction has erased was erased until now.
func (l *locked) erasedUntil(keys *seal.Keys, of map[[32]byte]address.Address) (map[[32]byte]consent.Instant, error) {
	rows, err := l.erasedRows(keys, of)
	if err != nil {
		return nil, err
	}
	until := make(map[[32]byte]consent.Instant, len(rows))
	for person := range rows {
		until[person] = rows[person].Erased
	}
	for person := range of {
		if l.gone[person] {
			until[person] = l.Recorded
		}
	}
	return until, nil
}

// erasedSince returns the persons who were erased after a position of the ledger.
func (l *locked) erasedSince(position int64, keys *seal.Keys, of map[[32]byte]address.Address) (map[[32]byte]bool, error) {
	since := map[[32]byte]bool{}
	for person := range of {
		if l.gone[person] {
			since[person] = true
		}
	}
	if l.Head.Position == position {
		return since, nil
	}
	rows, err := l.erasedRows(keys, of)
	if err != nil {
		return nil, err
	}
	changed := map[[32]byte]*txn.Subject{}
	var list []*txn.Subject
	for person := range rows {
		if row := rows[person]; row.State.Position > position {
			changed[person] = &txn.Subject{Subject: row.Subject}
			list = append(list, changed[person])
		}
	}
	if len(list) == 0 {
		return since, nil
	}
	events, err := l.AllEventsOf(list...)
	if err != nil {
		return nil, err
	}
	for person, subject := range changed {
		for i := range events[subject] {
			if e := &events[subject][i]; e.Kind == consent.KindErase && e.Position > position {
				since[person] = true
			}
		}
	}
	return since, nil
}

// erasedRows returns the folded subjects of those persons who were ever erased: their rows outlive erasures, and have the time of the last one.
func (l *locked) erasedRows(keys *seal.Keys, of map[[32]byte]address.Address) (map[[32]byte]storage.SubjectState, error) {
	if len(of) == 0 {
		return nil, nil
	}
	locator := subjects.NewLocator(keys, len(of))
	if env.CheckKeys(locator.Digests.Keys, &l.Head) != nil {
		return nil, env.ErrStaleKeys
	}
	places := make(map[[32]byte]subjects.Place, len(of))
	for person, a := range of {
		var err error
		if places[person], err = locator.Place(consent.FormFolded, a.Folded()); err != nil {
			return nil, err
		}
	}
	stored, err := l.StoredSubjects(locator.Keys)
	if err != nil {
		return nil, err
	}
	rows := map[[32]byte]storage.SubjectState{}
	for person, place := range places {
		for _, key := range place.Keys {
			if row, ok := stored[key]; ok && row.Erased != 0 {
				rows[person] = row
			}
		}
	}
	return rows, nil
}

// withoutErased leaves out contacts of persons who were erased after the position that the contacts rest on: what is written now would outlive the
// erasure.
func (l *locked) withoutErased(
	list []sendtable.Contact, position int64, keys *seal.Keys, of func(person [32]byte) (address.Address, error),
) ([]sendtable.Contact, error) {
	if l.Head.Position == position && len(l.gone) == 0 {
		return list, nil
	}
	addresses := make(map[[32]byte]address.Address, len(list))
	for i := range list {
		var err error
		if addresses[list[i].Folded], err = of(list[i].Folded); err != nil {
			return nil, err
		}
	}
	erased, err := l.erasedSince(position, keys, addresses)
	if err != nil || len(erased) == 0 {
		return list, err
	}
	var left []sendtable.Contact
	for i := range list {
		if !erased[list[i].Folded] {
			left = append(left, list[i])
		}
	}
	return left, nil
}
