package sends

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

func invalid(field, format string, args ...any) error {
	return fault.Errorf(fault.InvalidSend, field, format, args...)
}

func words(list []string) string { return strings.Join(list, ", ") }

// CommentSend says something about a send: kind is [sendtable.SendComment], [sendtable.SendObjection] or [sendtable.SendWithdrawal]. Errors:
// SEND_NOT_FOUND, SEND_STATE, INVALID_EVIDENCE for a text with an address, SCOPE_MISSING.
func (s *Sends) CommentSend(ctx context.Context, id, kind, text string, once txn.Idempotency) (Send, error) {
	return change(ctx, s, id, once, func(w *txn.Tx, row *sendtable.Send) (Send, error) {
		said, err := txn.RowsOf(w, id, sendtable.SendWords)
		if err != nil {
			return Send{}, err
		}
		department := departmentOf(&w.Caller)
		switch kind {
		case sendtable.SendObjection:
			err = s.object(w, row, department, text)
		case sendtable.SendWithdrawal:
			err = s.withdraw(w, row, said, department)
		}
		if err != nil {
			return Send{}, err
		}
		if said, err = s.say(w, row, said, kind, text); err != nil {
			return Send{}, err
		}
		row.Objections = int64(len(objectors(said)))
		put(w, row)
		return s.show(row, w.Recorded)
	}, access.ScopeSends, access.ScopeLift)
}

// departmentOf returns the department that a client speaks for; empty: for none.
func departmentOf(who *access.Caller) string {
	if who.AllDepartments {
		return ""
	}
	return who.Department
}

// object refuses objections that would mean nothing, and records the others.
func (s *Sends) object(w *txn.Tx, row *sendtable.Send, department, text string) error {
	switch {
	case row.State != campaign.Planned && row.State != campaign.Cleared:
		return notNow(row.ID, fmt.Errorf("it is %s, and an objection comes before; comment on it", row.State))
	case department == row.Department:
		return notNow(row.ID, fmt.Errorf("it is a send of the department %s itself; cancel or change it", department))
	}
	// Silence has cleared it, which is only not noted yet: the objection comes too late to hold it back, and is kept with it.
	if err := s.clearInSilence(w, row); err != nil {
		return err
	}
	return s.rule(w, row.ID, outcomeObjected, text)
}

// withdraw refuses a withdrawal where there is no objection. Without another objection the send is cleared once the time for comments is over.
func (s *Sends) withdraw(w *txn.Tx, row *sendtable.Send, said []sendtable.SendWord, department string) error {
	open := objectors(said)
	if !open[department] {
		return notNow(row.ID, fmt.Errorf("the department of the client does not object to it"))
	}
	if row.State == campaign.Planned && len(open) == 1 && w.Recorded >= row.CommentUntil {
		row.State, row.Cleared, row.ClearedBy = campaign.Cleared, w.Recorded, campaign.BySilence
		return s.rule(w, row.ID, outcomeSilence, "")
	}
	return nil
}

// objectors returns the departments that object: they said so and have not withdrawn it. The empty one is that of clients of all departments.
func objectors(said []sendtable.SendWord) map[string]bool {
	open := map[string]bool{}
	for i := range said {
		switch said[i].Kind {
		case sendtable.SendObjection:
			open[said[i].Department] = true
		case sendtable.SendWithdrawal:
			delete(open, said[i].Department)
		}
	}
	return open
}

// say adds something to what was said about a send.
func (s *Sends) say(w *txn.Tx, row *sendtable.Send, said []sendtable.SendWord, kind, text string) ([]sendtable.SendWord, error) {
	if err := txn.CheckJustification(text); err != nil {
		return nil, err
	}
	row.Comments++
	word := sendtable.SendWord{
		Send: row.ID, Number: row.Comments, Kind: kind, Department: departmentOf(&w.Caller), Client: w.Caller.ID, Created: w.Recorded,
	}
	var err error
	if word.Sealed, err = s.Keys.Seal(seal.PurposeSend, sealedWord(&word), []byte(text)); err != nil {
		return nil, err
	}
	said = append(said, word)
	txn.PutRows(w, row.ID, said, sendtable.AddSendWord(&word))
	return said, nil
}

// sealedWord is what the text of a word belongs to.
func sealedWord(w *sendtable.SendWord) []byte {
	return []byte(w.Send + "\x00" + strconv.FormatInt(w.Number, 10))
}

// ClearSend clears a planned send before the time for comments is over, or over an objection. Errors: SEND_NOT_FOUND, SEND_STATE, OWN_SEND,
// INVALID_EVIDENCE, SCOPE_MISSING.
func (s *Sends) ClearSend(ctx context.Context, id, reason string, once txn.Idempotency) (Send, error) {
	return change(ctx, s, id, once, func(w *txn.Tx, row *sendtable.Send) (Send, error) {
		switch {
		case !w.Caller.AllDepartments && w.Caller.Department == row.Department:
			return Send{}, fault.Errorf(fault.OwnSend, "id", "the send %s is one of the client's own department %s; another department's officer, or one of "+
				"all departments, clears it", id, row.Department)
		case w.Caller.ID == row.CreatedBy:
			return Send{}, fault.Errorf(fault.OwnSend, "id", "the client %s planned the send %s itself; another client clears it", w.Caller.ID, id)
		case slices.Contains(changers(row), w.Caller.ID):
			return Send{}, fault.Errorf(fault.OwnSend, "id", "the client %s changed the plan of the send %s; another client clears it", w.Caller.ID, id)
		}
		if err := s.clearInSilence(w, row); err != nil {
			return Send{}, err
		}
		next, err := row.State.After(campaign.Clear, "")
		if err != nil {
			return Send{}, notNow(id, err)
		}
		said, err := txn.RowsOf(w, id, sendtable.SendWords)
		if err != nil {
			return Send{}, err
		}
		kind, outcome, by := sendtable.SendClearing, outcomeOfficer, campaign.ByOfficer
		if row.Objections > 0 {
			kind, outcome, by = sendtable.SendOverride, outcomeOverride, campaign.ByOverride
		}
		if _, err := s.say(w, row, said, kind, reason); err != nil {
			return Send{}, err
		}
		row.State, row.Cleared, row.ClearedBy = next, w.Recorded, by
		put(w, row)
		if err := s.rule(w, id, outcome, reason); err != nil {
			return Send{}, err
		}
		return s.show(row, w.Recorded)
	}, access.ScopeLift)
}

// CancelSend cancels a send that has not ended. Errors: SEND_NOT_FOUND, SEND_STATE, OTHER_DEPARTMENT, INVALID_EVIDENCE, SCOPE_MISSING.
func (s *Sends) CancelSend(ctx context.Context, id, reason string, once txn.Idempotency) (Send, error) {
	return change(ctx, s, id, once, func(w *txn.Tx, row *sendtable.Send) (Send, error) {
		if !w.Caller.Has(access.ScopeLift) {
			if err := needOwner(&w.Caller, row); err != nil {
				return Send{}, err
			}
		}
		next, err := row.State.After(campaign.Cancel, "")
		if err != nil {
			return Send{}, notNow(id, err)
		}
		if reason != "" {
			said, err := txn.RowsOf(w, id, sendtable.SendWords)
			if err != nil {
				return Send{}, err
			}
			if _, err := s.say(w, row, said, sendtable.SendCancellation, reason); err != nil {
				return Send{}, err
			}
		}
		row.State, row.Ended = next, w.Recorded
		put(w, row)
		if err := s.rule(w, id, outcomeCancelled, reason); err != nil {
			return Send{}, err
		}
		return s.show(row, w.Recorded)
	}, access.ScopeSends, access.ScopeLift)
}
