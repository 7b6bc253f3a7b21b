package sends

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// StartSend notes that a send begins to go out. Errors: SEND_NOT_FOUND, SEND_STATE, OTHER_DEPARTMENT, NO_CATALOG, SCOPE_MISSING.
func (s *Sends) StartSend(ctx context.Context, id string, once txn.Idempotency) (Send, error) {
	return change(ctx, s, id, once, func(w *txn.Tx, row *sendtable.Send) (Send, error) {
		if err := needOwner(&w.Caller, row); err != nil {
			return Send{}, err
		}
		cat, err := w.Catalog(w.Recorded)
		if err != nil {
			return Send{}, err
		}
		if err := s.clearInSilence(w, row); err != nil {
			return Send{}, err
		}
		next, err := row.State.After(campaign.Start, s.rules(cat).Clearing)
		if err != nil {
			return Send{}, notNow(id, err)
		}
		if plan := row.Plan(); !plan.Holds(int64(w.Recorded)) {
			return Send{}, notNow(id, fmt.Errorf("its window goes from %s to %s, and it is %s; change the window first", row.From, row.Until, w.Recorded))
		}
		row.State, row.Started = next, w.Recorded
		put(w, row)
		return s.show(row, w.Recorded)
	}, access.ScopeSends)
}

// FinishSend notes that all of a send has gone out. Errors: SEND_NOT_FOUND, SEND_STATE, OTHER_DEPARTMENT, SCOPE_MISSING.
func (s *Sends) FinishSend(ctx context.Context, id string, once txn.Idempotency) (Send, error) {
	return change(ctx, s, id, once, func(w *txn.Tx, row *sendtable.Send) (Send, error) {
		if err := needOwner(&w.Caller, row); err != nil {
			return Send{}, err
		}
		next, err := row.State.After(campaign.Finish, "")
		if err != nil {
			return Send{}, notNow(id, err)
		}
		row.State, row.Ended = next, w.Recorded
		put(w, row)
		return s.show(row, w.Recorded)
	}, access.ScopeSends)
}

// clearInSilence notes that silence has cleared a send, if it has. The caller stores the row.
func (s *Sends) clearInSilence(w *txn.Tx, row *sendtable.Send) error {
	plan := row.Plan()
	if cleared, _ := plan.IsCleared(int64(w.Recorded)); !cleared || row.State != campaign.Planned {
		return nil
	}
	row.State, row.Cleared, row.ClearedBy = campaign.Cleared, row.CommentUntil, campaign.BySilence
	return s.rule(w, row.ID, outcomeSilence, "")
}

// silentAtOnce is how many sends one run clears.
const silentAtOnce = 100

// ClearSilent notes which sends silence has cleared, and records that. It is run again and again; that a send is cleared does not wait for it.
func (s *Sends) ClearSilent(ctx context.Context) error {
	ids, err := sendtable.SendsInSilence(ctx, s.Store, s.Instant(), silentAtOnce)
	if err != nil {
		return env.StoreFault(err)
	}
	ctx = access.WithCaller(ctx, access.Process(access.SilenceID))
	var failed error
	for _, id := range ids {
		_, err := change(ctx, s, id, txn.Idempotency{}, func(w *txn.Tx, row *sendtable.Send) (struct{}, error) {
			if row.State != campaign.Planned { // Another server, or a person, was first.
				return struct{}{}, nil
			}
			if err := s.clearInSilence(w, row); err != nil || row.State == campaign.Planned {
				return struct{}{}, err
			}
			put(w, row)
			return struct{}{}, nil
		}, access.ScopeSends)
		if err != nil {
			failed = errors.Join(failed, err) // The others are not to wait for it.
			continue
		}
		s.Log.LogAttrs(ctx, slog.LevelInfo, "silence cleared a send", slog.String("send", id))
	}
	return failed
}

// SendStates returns how many sends there are in each state that any has.
func (s *Sends) SendStates(ctx context.Context) (map[string]int64, error) {
	states, err := sendtable.SendStates(ctx, s.Store)
	return states, env.StoreFault(err)
}
