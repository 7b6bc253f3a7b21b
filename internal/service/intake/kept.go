package intake

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables"
)

const (
	// keepHints is how long a hint is kept, decided or not.
	keepHints = 90 * 24 * time.Hour
	// keepSoftBounces is how long a soft bounce is kept: so that a newsletter that is sent once a month can have five of them.
	keepSoftBounces = 400 * 24 * time.Hour
)

// erasures are when people were erased in one transaction, by the digests of both forms: what was received up to then is gone.
type erasures map[[32]byte]consent.Instant

func erasuresOf(w *txn.Tx) erasures {
	type key struct{}
	return w.Shared(key{}, func() any { return erasures{} }).(erasures) //nolint:errcheck,forcetypeassert // Nothing else has this key.
}

// softRows returns the soft bounces of an address as the transaction has left them so far.
func softRows(w *txn.Tx, exact [32]byte) ([]tables.SoftBounce, error) {
	rows, err := txn.RowsOf(w, exact, tables.SoftBounces)
	erased := erasuresOf(w)
	gone := func(b tables.SoftBounce) bool { return b.Received <= max(erased[b.Exact], erased[b.Folded]) }
	return slices.DeleteFunc(rows, gone), err
}

// hintRows returns the hint with an id, if there is one, as the transaction has left it so far.
func hintRows(w *txn.Tx, id [16]byte) ([]tables.Hint, error) {
	rows, err := txn.RowsOf(w, id, tables.HintOf)
	erased := erasuresOf(w)
	gone := func(h tables.Hint) bool { return h.Received <= max(erased[h.Exact], erased[h.Folded]) }
	return slices.DeleteFunc(rows, gone), err
}

// digests returns by what rows about the address are found: keyed digests that cannot be joined with what other tables and the feed have.
func (s *Intake) digests(it *item) (exact, folded [32]byte, err error) {
	if exact, err = s.Keys.ListHash(consent.FormExact, it.address.Exact()); err != nil {
		return exact, folded, err
	}
	folded, err = s.Keys.ListHash(consent.FormFolded, it.address.Folded())
	return digestOf(exact), digestOf(folded), err
}

func digestOf(hash [32]byte) [32]byte {
	mac := hmac.New(sha256.New, hash[:])
	mac.Write([]byte("assent/1/intake"))
	return [32]byte(mac.Sum(nil))
}

// identity returns by what a report is known again: a keyed digest of what it says. Of the list of a provider it is the address, since each
// message to it is reported anew.
func (s *Intake) identity(it *item) ([16]byte, error) {
	r := it.report
	if r.Kind == intake.Listed {
		r = &intake.Report{Kind: r.Kind}
	}
	text, err := json.Marshal([]any{r.Kind, r.Class, it.address.Exact(), it.channel, r.Status, r.Rule, timeOf(r), r.ID, r.Group})
	if err != nil {
		return [16]byte{}, err
	}
	return s.Keys.EventKey(append([]byte("assent/1/intake\x00"), text...))
}

// ErasedReports deletes the hints and soft bounces about a person who is being erased. It is a hook of [txn.Hooks].
func (s *Intake) ErasedReports(w *txn.Tx, e *txn.Erased) error {
	exact, folded, found, err := s.erasedDigests(e)
	if err != nil || !found {
		return err
	}
	erased := erasuresOf(w)
	erased[exact], erased[folded] = w.Recorded, w.Recorded
	w.WriteTable(tables.DropHintsAbout(exact, folded))
	w.WriteTable(tables.DropSoftBouncesAbout(exact, folded))
	return nil
}

// erasedDigests returns the digests of an address that is being erased. Of an erasure that an older program kept they may not be known.
func (s *Intake) erasedDigests(e *txn.Erased) (exact, folded [32]byte, found bool, err error) {
	if e.Lists != nil && e.Lists.FoldVersion == address.FoldVersion {
		return digestOf(e.Lists.Exact), digestOf(e.Lists.Folded), true, nil
	}
	a, err := address.Parse(e.Address)
	if err != nil {
		return exact, folded, false, nil //nolint:nilerr // The address is not known.
	}
	exact, folded, err = s.digests(&item{address: a})
	return exact, folded, err == nil, err
}

// ForgetReports deletes hints and soft bounces that are too old.
func (s *Intake) ForgetReports(ctx context.Context) error {
	now := s.Clock()
	return env.StoreFault(s.Store.WriteTables(ctx, tables.DropOldHints(consent.InstantOf(now.Add(-keepHints))),
		tables.DropOldSoftBounces(consent.InstantOf(now.Add(-keepSoftBounces)))))
}
