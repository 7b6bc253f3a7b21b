package intake

import (
	"cmp"
	"context"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// From says from where reports come.
type From struct {
	Source string // names the way that they came, for the figures and for the officer who decides about hints
	Client string // as which client they are recorded; empty: as [access.IntakeID]
	Held   bool   // complaints are hints at most
}

// recorder returns the context of what reports record: it is recorded by the client of their source, else by the intake.
func (f *From) recorder(ctx context.Context) context.Context {
	return access.WithCaller(ctx, access.Process(cmp.Or(f.Client, access.IntakeID)))
}

// Take carries out what a source of a provider reports, and returns what became of each report once all of it is stored. After an error some of
// it may be stored; the same reports again change nothing of that. Errors: those of the store and NO_CATALOG.
func (s *Intake) Take(ctx context.Context, from From, reports []intake.Report) ([]Outcome, error) {
	if len(reports) == 0 {
		return nil, nil
	}
	head, err := s.Store.Head(ctx)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	items, err := s.carry(ctx, &head, &from, reports, false)
	if err != nil {
		return nil, err
	}
	outcomes := make([]Outcome, len(items))
	for i, it := range items {
		outcomes[i] = it.outcome
	}
	return outcomes, nil
}

// carry carries out reports. All but what persons say by links is one transaction. With dryRun it says what would be done, and changes nothing.
// The head is one that was read for the call: by it the figures name channels; what is recorded goes by the catalog under the lock. The errors are
// those of the store and NO_CATALOG.
func (s *Intake) carry(ctx context.Context, head *storage.Head, from *From, reports []intake.Report, dryRun bool) ([]*item, error) {
	if len(reports) == 0 {
		return nil, nil
	}
	cat, err := s.catalog(ctx, head)
	if err != nil {
		return nil, err
	}
	items := make([]*item, len(reports))
	for i := range reports {
		it, err := s.newItem(ctx, from.Source, &reports[i])
		if err != nil {
			return nil, err
		}
		if from.Held && it.cause == causeNone && it.report.Kind == intake.Complaint {
			it.cause = CauseHeld
		}
		it.takeChannel(cat)
		items[i] = it
	}
	if err := s.together(from.recorder(ctx), items, dryRun); err != nil {
		return nil, err
	}
	for _, it := range items {
		if it.outcome == "" {
			if err := s.leave(ctx, it, dryRun); err != nil {
				return nil, err
			}
		}
		if !dryRun {
			s.counted(Counted{Source: from.Source, Kind: it.report.Kind, Class: it.report.Class, Outcome: it.outcome, Sender: it.sender})
		}
	}
	return items, nil
}

// catalog returns the catalog in force under a head.
func (s *Intake) catalog(ctx context.Context, head *storage.Head) (*catalog.Catalog, error) {
	versions, err := s.reference.Catalogs.UpTo(ctx, head)
	if err != nil {
		return nil, err
	}
	return reference.InForce(versions, max(s.Instant(), head.Recorded)).Parsed, nil
}

// together carries out what needs the store, in one transaction. What it leaves without an outcome is said by persons by links.
func (s *Intake) together(ctx context.Context, items []*item, dryRun bool) error {
	var now []*item
	var load storage.Load
	for _, it := range items {
		switch {
		case it.outcome != "":
		case it.report.Kind == intake.Inquiry:
			it.end(NoAct, whyLetter)
		case !it.acts():
			it.end(NoAct, whyNoAct)
		case !it.known:
			it.end(NoAct, whyNoAddress)
		case it.report.Kind == intake.Unsubscribe && it.cause == causeNone:
		default:
			now = append(now, it)
			load.Subjects = append(load.Subjects, it.keys...)
		}
	}
	if len(now) == 0 {
		return nil
	}
	return s.engine.Do(ctx, &txn.Write{
		Load: load,
		Run: func(tx *txn.Tx) error {
			for _, it := range now {
				it.outcome, it.why, it.records, it.opened = "", "", nil, nil // An earlier run may have been given up.
				w := &writing{Tx: tx, intake: s, item: it, dry: dryRun}
				if err := w.run(); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// leave does what a person says by the token of a link: to get no more on its channel.
func (s *Intake) leave(ctx context.Context, it *item, dryRun bool) error {
	at, now := timeOf(it.report), s.Instant()
	switch {
	case at > now:
		at = 0
	case at != 0: // It is no older than the message that it is about, whatever the clock of the person says.
		at = min(max(at, it.decided), now)
	}
	outcome, err := s.links.Mailed(ctx, it.text, at, dryRun)
	if err != nil {
		return err
	}
	switch outcome {
	case recipient.Done:
		if at == 0 {
			at = now
		}
		it.end(Recorded, "", Record{Verb: VerbWithdraw, Channel: it.channel, Time: at})
	case recipient.Unclear:
		it.end(Unclear, whyUnsure)
	case recipient.Known:
		it.end(Known, whyKnown)
	case recipient.Gone:
		it.end(Gone, whyGone)
	case recipient.Nonsense:
		it.end(Refused, "the catalog has no such channel any more, or it cannot be refused")
	}
	return nil
}

// timeOf returns when a report says that it happened; zero: it does not say.
func timeOf(r *intake.Report) consent.Instant {
	if r.Time.IsZero() || r.Time.Unix() <= 0 {
		return 0
	}
	return consent.InstantOf(r.Time)
}
