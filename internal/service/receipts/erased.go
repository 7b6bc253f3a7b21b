package receipts

import (
	"context"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/receipt"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
)

const (
	// recordsPage is how many records of a person are read at once, outlinesPage how many outlines of the ledger.
	recordsPage  = 500
	outlinesPage = 2_000
)

// erasedSince returns the position of the erasure after which the address cannot be asked about as the receipt does; 0 if there is
// none. It is the first one recorded after the receipt was given. Without such a one it is one that was recorded before and has been
// carried out since, as those of imports are, which take away what counted until then: it shows by events that were recorded anew, or,
// where the answer differs, by its being later than the time that was decided for.
func (s *Verifier) erasedSince(ctx context.Context, a address.Address, r *receipt.Receipt, differs bool) (int64, error) {
	l := subjects.NewLocator(s.Keys, 1)
	at, err := l.Places(a, false)
	if err != nil {
		return 0, err
	}
	var since, before, explains int64
	err = s.eachRecord(ctx, at.Folded.Keys, 0, func(record *storage.Record) error {
		e := &record.Event
		if e.Kind != consent.KindErase || since != 0 {
			return nil
		}
		own, err := s.Keys.Spelling(e.Spelling.Key, a.Exact())
		if err != nil || own != e.Spelling {
			return err
		}
		if e.Position > r.Position {
			since = e.Position
			return nil
		}
		if pending, err := s.isPending(record); err != nil || pending {
			return err
		}
		if before = e.Position; e.Occurred > r.Decided {
			explains = e.Position
		}
		return nil
	})
	if err != nil || since != 0 || before == 0 {
		return since, err
	}
	err = s.eachRecord(ctx, at.Exact.Keys, r.Position, func(record *storage.Record) error {
		for _, was := range record.Event.Was {
			if was <= r.Position {
				since = before
			}
		}
		return nil
	})
	if since == 0 && differs {
		since = explains
	}
	return since, err
}

// isPending reports whether an erasure is still to be carried out: then its evidence still has the address.
func (s *Verifier) isPending(record *storage.Record) (bool, error) {
	if record.Evidence == nil {
		return false, nil
	}
	evidence, err := s.OpenEvidence(&record.Event, record.Evidence)
	return evidence.Address != "", err
}

// eachRecord calls do with the records of the subjects after a position, in order, until it returns an error.
func (s *Verifier) eachRecord(
	ctx context.Context, keys []storage.SubjectKey, after int64, do func(*storage.Record) error,
) error {
	for {
		_, records, err := s.Store.Records(ctx, keys, after, recordsPage)
		if err != nil {
			return env.StoreFault(err)
		}
		for i := range records {
			if err := do(&records[i]); err != nil {
				return err
			}
			after = records[i].Event.Position
		}
		if len(records) < recordsPage {
			return nil
		}
	}
}
