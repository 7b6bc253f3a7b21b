package concerns

import (
	"context"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/service/contacts"
	"github.com/assent-io/assent/internal/service/txn"
)

// Caps keeps how much marketing persons want. It is the Contacts of package service/contacts.
type Caps interface {
	PersonalCapOf(ctx context.Context, a address.Address) (*contacts.PersonalCap, error)
	PutPersonalCap(w *txn.Tx, a address.Address, wish *contacts.PersonalCap) (changed bool, err error)
}

// Wish is how seldom a person wants marketing.
type Wish struct {
	// Days is within how many days the person wants one message at most, over all marketing; 0: the person did not say so.
	Days int
	// Kept says that each message of marketing is asked about with its send, so that none goes out beyond the wish. Where it is not, nothing is
	// offered, for a sender that names no send would go on as before.
	Kept bool
	// Offered says that the page may ask for it: it is kept, and the person gets marketing.
	Offered bool
}

// WishDays returns the days that a person can choose from.
func WishDays() []int { return []int{7, 14, 30} }

// keepsWishes reports whether every message of marketing is asked about with its send.
func keepsWishes(cat *catalog.Catalog) bool { return cat.Sends.Clearing == campaign.ClearingRequired }

// WishOf returns what a person said of how seldom, and what the page offers of it. Marketing says that not all of it was ended.
func (c *Concerns) WishOf(ctx context.Context, a address.Address, cat *catalog.Catalog, marketing bool) (Wish, error) {
	if c.Caps == nil {
		return Wish{}, nil
	}
	w := Wish{Kept: keepsWishes(cat)}
	w.Offered = w.Kept && marketing
	stands, err := c.Caps.PersonalCapOf(ctx, a)
	if err == nil && stands != nil {
		w.Days = daysOf(stands)
	}
	return w, err
}

// daysOf returns how many days a cap is for. Nothing but the page sets one.
func daysOf(c *contacts.PersonalCap) int {
	from := time.Unix(0, 0).UTC()
	return int(c.Per.AddTo(from).Sub(from).Hours()) / 24
}

// CheckWish refuses a number of days that the page does not offer; 0 takes back what stands, which can be done at any time. The error is
// INVALID_REQUEST.
func (c *Concerns) CheckWish(cat *catalog.Catalog, days int) error {
	switch {
	case c.Caps == nil, days != 0 && !keepsWishes(cat):
		return notOffered()
	case days != 0 && !slices.Contains(WishDays(), days):
		return fault.Errorf(fault.InvalidRequest, "days", "a person can choose one message in 7, 14 or 30 days")
	default:
		return nil
	}
}

// PutWish sets within how many days a person wants one message at most; 0: as many as before. It reports whether that changed anything.
func (c *Concerns) PutWish(w *txn.Tx, a address.Address, days int) (bool, error) {
	if days == 0 {
		return c.Caps.PutPersonalCap(w, a, nil)
	}
	return c.Caps.PutPersonalCap(w, a, &contacts.PersonalCap{Max: 1, Per: period.Days(int64(days))})
}
