package contacts

import (
	"context"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// PersonalCap is how much marketing a person wants, over all departments.
type PersonalCap struct {
	Max int           // messages, at least 1
	Per period.Period // longer than no time, at most [keepAtLeast]
}

// longestWish is the longest period of a personal cap: for as long contacts are kept whatever the catalog says.
func longestWish() period.Period { return period.Seconds(int64(keepAtLeast.Seconds())) }

// PersonalCapOf returns how much marketing a person wants; nil: the person did not say so.
func (c *Contacts) PersonalCapOf(ctx context.Context, a address.Address) (*PersonalCap, error) {
	person, err := c.personOf(a)
	if err != nil {
		return nil, err
	}
	rows, err := sendtable.PersonalCaps(ctx, c.Store, [][32]byte{person})
	if err != nil || len(rows) == 0 {
		return nil, env.StoreFault(err)
	}
	wish := capOf(&rows[0])
	return &PersonalCap{wish.Max, wish.Per}, nil
}

// ContactsOf returns the messages of marketing that were sent to a person, or are planned or reserved, by send: of any spelling of the address.
func (c *Contacts) ContactsOf(ctx context.Context, a address.Address) ([]sendtable.Contact, error) {
	person, err := c.personOf(a)
	if err != nil {
		return nil, err
	}
	rows, err := sendtable.Contacts(ctx, c.Store, [][32]byte{person})
	return rows, env.StoreFault(err)
}

// SetPersonalCap sets how much marketing a person wants, for every spelling of the address; nil: as much as the caps of the catalog allow. It
// counts for what is asked from then on; what was reserved before goes out. Errors: INVALID_REQUEST.
func (c *Contacts) SetPersonalCap(ctx context.Context, a address.Address, wish *PersonalCap) error {
	return c.engine.Do(ctx, &txn.Write{Run: func(w *txn.Tx) error {
		_, err := c.PutPersonalCap(w, a, wish)
		return err
	}})
}

// PutPersonalCap does what SetPersonalCap does as a part of a write, and reports whether that changed anything.
func (c *Contacts) PutPersonalCap(w *txn.Tx, a address.Address, wish *PersonalCap) (bool, error) {
	if wish != nil {
		if err := wish.check(c); err != nil {
			return false, err
		}
	}
	person, err := c.personOf(a)
	if err != nil {
		return false, err
	}
	rows := under(w)
	there, err := rows.caps([][32]byte{person})
	if err != nil {
		return false, err
	}
	before, stands := there[person]
	if wish == nil {
		if stands {
			rows.wish[person] = nil
			w.WriteTable(sendtable.DropPersonalCap(person))
		}
		return stands, nil
	}
	row := sendtable.PersonalCap{Folded: person, Max: int64(wish.Max), Per: wish.Per.String(), Set: w.Recorded}
	if stands && before.Max == row.Max && before.Per == row.Per {
		return false, nil
	}
	rows.wish[person] = []sendtable.PersonalCap{row}
	w.WriteTable(sendtable.PutPersonalCap(&row))
	return true, nil
}

func (p *PersonalCap) check(c *Contacts) error {
	now := c.Clock()
	switch {
	case p.Max < 1:
		return fault.Errorf(fault.InvalidRequest, "max", "at least 1 message; who wants none withdraws")
	case !p.Per.AddTo(now).After(now):
		return fault.Errorf(fault.InvalidRequest, "per", "the period must be longer than no time, such as P14D")
	case p.Per.AddTo(now).After(now.Add(keepAtLeast)):
		return fault.Errorf(fault.InvalidRequest, "per", "the period must not be longer than P30D")
	default:
		return nil
	}
}
