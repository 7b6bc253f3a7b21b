package sends

import (
	"context"
	"fmt"

	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/contacts"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// beginKeeping notes that the audience is the one that the send keeps from now on. An earlier preview that is still counting keeps nothing more, and is
// refused: of two at once, the later one wins, and no part of the other's audience is left with it.
func (a *Audience) beginKeeping(ctx context.Context) error {
	_, err := change(ctx, a.sends, a.send.ID, txn.Idempotency{}, func(w *txn.Tx, row *sendtable.Send) (struct{}, error) {
		if err := needOwner(&w.Caller, row); err != nil {
			return struct{}{}, err
		}
		if row.State.Ended() {
			return struct{}{}, notNow(row.ID, fmt.Errorf("it is %s", row.State))
		}
		row.Keeping = w.Recorded
		txn.PutRows(w, row.ID, []sendtable.Send{*row}, sendtable.ChangeSend(row)) // The plan is the same, and so is its etag.
		a.began, a.since, a.send = w.Recorded, w.Head.Position, row.Plan()
		return struct{}{}, nil
	}, access.ScopeSends)
	return err
}

// stillKeeping returns an error if another preview has begun that keeps its audience.
func (a *Audience) stillKeeping(ctx context.Context) error {
	row, err := a.sends.find(ctx, a.send.ID)
	if err == nil && row.Keeping != a.began {
		err = contacts.Superseded(row.ID)
	}
	return err
}

// keepThose keeps those recipients as planned contacts that may be written to.
func (a *Audience) keepThose(ctx context.Context, list []recipient) error {
	var persons []contacts.Recipient
	for i := range list {
		if list[i].lawful {
			persons = append(persons, contacts.Recipient{Person: list[i].person, Typed: list[i].typed})
		}
	}
	kept, err := a.sends.contacts.Keep(ctx, &contacts.Keeping{Send: &a.send, At: a.began, Position: a.since}, persons)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.counted.Kept += int64(kept)
	return nil
}
