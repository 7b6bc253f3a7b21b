package check

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/contacts"
)

// checkSend refuses a send where it would have no meaning.
func (in *checkInput) checkSend() error {
	switch {
	case in.send == "":
		return nil
	case !in.isStrict():
		return fault.Errorf(fault.InvalidRequest, "consistency", "a place is reserved by a strict check only; leave consistency.bounded out, or the send")
	case !in.IsNow() && !in.operational:
		return fault.Errorf(fault.InvalidRequest, "send",
			"an answer about the past says what was lawful, whatever the send; set operational, or leave the send out")
	default:
		return nil
	}
}

// judge judges what is lawful with the send that it is of, and reserves. What was decided without it is replaced.
func (s *Checker) judge(ctx context.Context, q *request, in *checkInput, got *answer) error {
	rules, err := s.Rulebook.Rules(got.catalog, in.Request)
	if err != nil {
		return err
	}
	asked := contacts.Asked{Send: in.send, Rules: rules, Catalog: got.catalog, Position: got.Position, Past: !in.IsNow()}
	for i := range q.items {
		if d := q.decisionAt(i); q.items[i].err == nil && d.Verdict == consent.Allow {
			asked.Items = append(asked.Items, contacts.Item{Address: q.items[i].Address, Unclear: q.unclear[i], Decision: d})
		}
	}
	if err := s.contacts.Judge(ctx, &asked); err != nil {
		return err
	}
	next := 0
	q.replaceDecisions(func(_ int, d *consent.Decision) {
		if d.Verdict == consent.Allow {
			*d = asked.Items[next].Decision
			next++
		}
	})
	return nil
}
