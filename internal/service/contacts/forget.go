package contacts

import (
	"context"
	"sort"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// ErasedContacts deletes the contacts and the cap of a person who is being erased. It is a hook of [txn.Hooks].
func (c *Contacts) ErasedContacts(w *txn.Tx, e *txn.Erased) error {
	if e.Lists != nil && e.Lists.FoldVersion == address.FoldVersion {
		under(w).forget(digestOf(e.Lists.Folded))
		return nil
	}
	a, err := address.Parse(e.Address)
	if err != nil {
		return nil //nolint:nilerr // Of an erasure that an older program kept the address may not be known.
	}
	person, err := c.personOf(a)
	if err == nil {
		under(w).forget(person)
	}
	return err
}

// forgetPart is how many contacts one transaction deletes at most: others wait for as long.
const forgetPart = 2_000

// ForgetContacts deletes the contacts that have ended without having been sent, and those that were sent longer ago than the catalog keeps them.
func (c *Contacts) ForgetContacts(ctx context.Context) error {
	now := c.Instant()
	if err := c.forget(ctx, now, sendtable.CountEndedContacts, sendtable.DropEndedContacts); err != nil {
		return err
	}
	kept, err := c.kept(ctx, now)
	if err != nil {
		return err
	}
	return c.forget(ctx, lastEnded(kept, now)+1, sendtable.CountOldContacts, sendtable.DropOldContacts)
}

func (c *Contacts) forget(
	ctx context.Context, at consent.Instant, count func(context.Context, storage.TableReader, consent.Instant, int) (int, error),
	drop func(consent.Instant, int) storage.Statement,
) error {
	for {
		n, err := count(ctx, c.Store, at, forgetPart)
		if err != nil || n == 0 {
			return env.StoreFault(err)
		}
		if err := c.Store.WriteTables(ctx, drop(at, forgetPart)); err != nil {
			return env.StoreFault(err)
		}
	}
}

// kept returns how long the catalog in force keeps what was sent.
func (c *Contacts) kept(ctx context.Context, now consent.Instant) (period.Period, error) {
	head, err := c.Store.Head(ctx)
	if err != nil {
		return period.Period{}, env.StoreFault(err)
	}
	versions, err := c.reference.Catalogs.UpTo(ctx, &head)
	if err != nil || len(versions) == 0 {
		return longestWish(), err
	}
	return reference.InForce(versions, now).Parsed.Policy.Retention.Contacts, nil
}

// lastEnded returns the last instant after which the period has ended by now.
func lastEnded(p period.Period, now consent.Instant) consent.Instant {
	const century = 101 * 366 * 24 * int(time.Hour/time.Microsecond) // No period is longer.
	back := sort.Search(century, func(back int) bool {
		return consent.InstantOf(p.AddTo((now - consent.Instant(back)).Time())) <= now
	})
	return now - consent.Instant(back)
}
