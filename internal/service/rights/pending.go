package rights

import (
	"context"
	"log/slog"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// erasePage is how many imported erasures are read and carried out at once.
const erasePage = 50

// PendingErasures is what became of the erasures that were imported.
type PendingErasures struct {
	Erased []int64 // positions of those carried out now; in a dry run, that would be
	// Held are the positions of those put off: by a legal hold, or because a client of one department asked for what another controller
	// would lose.
	Held []int64
}

// ErasePending carries out the erasures that imports recorded: an import only takes note of them, so that a history that comes in any
// order is complete first. In a dry run it only counts. It may be interrupted and repeated.
func (s *Rights) ErasePending(ctx context.Context, dryRun bool) (PendingErasures, error) {
	var done PendingErasures
	for after := int64(0); ; {
		_, records, err := s.Store.Erasures(ctx, after, erasePage)
		if err != nil {
			return done, env.StoreFault(err)
		}
		part, err := s.erasePage(ctx, records, dryRun)
		if err != nil {
			return done, err
		}
		done.Erased = append(done.Erased, part.Erased...)
		done.Held = append(done.Held, part.Held...)
		if len(records) < erasePage {
			return done, nil
		}
		after = records[len(records)-1].Event.Position
	}
}

// pendingErasure is an erasure that was recorded and not carried out.
type pendingErasure struct {
	At    subjects.Places
	event *consent.Event

	learnt *txn.Learnt // who has to be told, once it was carried out
}

// notCarriedOut returns those of the erasures that were not carried out: their evidence still has the address.
func (s *Rights) notCarriedOut(records []storage.Record) ([]pendingErasure, []storage.SubjectKey, error) {
	l := subjects.NewLocator(s.Keys, len(records))
	var list []pendingErasure
	for i := range records {
		e := &records[i].Event
		evidence, err := s.OpenEvidence(e, records[i].Evidence)
		if err != nil {
			return nil, nil, err
		}
		if evidence.Address == "" {
			continue
		}
		a, err := address.Parse(evidence.Address)
		if err != nil {
			return nil, nil, err
		}
		at, err := l.Places(a, true)
		if err != nil {
			return nil, nil, err
		}
		at.Domains = nil
		list = append(list, pendingErasure{At: at, event: e})
	}
	return list, l.AllKeys(), nil
}

func (s *Rights) erasePage(ctx context.Context, records []storage.Record, dryRun bool) (PendingErasures, error) {
	list, keys, err := s.notCarriedOut(records)
	if err != nil || len(list) == 0 {
		return PendingErasures{}, err
	}
	var done PendingErasures
	m := txn.Write{Bulk: true, Weight: txn.Chunk, Load: storage.Load{Subjects: keys}}
	m.Run = func(tx *txn.Tx) error {
		w := s.In(tx)
		done = PendingErasures{}
		if err := w.Caller.NeedOfficer(); err != nil {
			return err
		}
		for i := range list {
			held, err := w.carryOutPending(&list[i], dryRun)
			if err != nil {
				return err
			}
			if held {
				done.Held = append(done.Held, list[i].event.Position)
			} else {
				done.Erased = append(done.Erased, list[i].event.Position)
			}
		}
		return nil
	}
	if !dryRun {
		if err := s.StoreCounts(ctx); err != nil {
			return PendingErasures{}, err
		}
	}
	if err := s.engine.Do(ctx, &m); err != nil {
		return PendingErasures{}, err
	}
	for i := range list {
		if list[i].learnt != nil {
			s.logLearnt(ctx, list[i].event.Position, list[i].learnt)
		}
	}
	return done, nil
}

func (w *Tx) carryOutPending(p *pendingErasure, dryRun bool) (held bool, err error) {
	folded, err := w.Subject(&p.At.Folded)
	if err != nil {
		return false, err
	}
	refused, err := env.Refusal(w.NotHeld(folded, p.At.Address.Exact()))
	if refused != nil || err != nil {
		return refused != nil, err
	}
	who, err := w.rights.personAt(&p.At)
	if err != nil {
		return false, err
	}
	until := p.event.Occurred
	client, err := w.clientOf(p.event.Actor)
	if err != nil {
		return false, err
	}
	// What else the import brought, or a department recorded since, may be another controller's.
	refused, err = env.Refusal(w.ownController(who, until, &client))
	if refused != nil || err != nil || dryRun {
		return refused != nil, err
	}
	taken, err := w.beginClaim(&p.At, until)
	if err != nil {
		return false, err
	}
	if err := w.keepErasure(who, until); err != nil {
		return false, err
	}
	if p.learnt, err = w.learnt(who); err != nil {
		return false, err
	}
	return false, w.eraseUntil(who, until, taken)
}

// logLearnt writes to the log which clients and controllers have to be told of an imported erasure (GDPR Art. 19): no call
// is answered that could say it. The log has the position of the erasure and no address.
func (s *Rights) logLearnt(ctx context.Context, position int64, to *txn.Learnt) {
	clients, controllers := make([]string, len(to.Clients)), make([]string, len(to.Controllers))
	for i := range to.Clients {
		clients[i] = to.Clients[i].ID
	}
	for i := range to.Controllers {
		controllers[i] = to.Controllers[i].ID
	}
	s.Log.LogAttrs(ctx, slog.LevelInfo, "an imported erasure was carried out; tell these of it (GDPR Art. 19)",
		slog.Int64("position", position), slog.Any("clients", clients), slog.Any("controllers", controllers))
}
