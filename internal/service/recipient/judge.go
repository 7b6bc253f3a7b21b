package recipient

import (
	"context"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/subjects"
)

// Memory tells what is known of an address, but for contacts without a read of the database. It is the Checker of package check.
type Memory interface {
	Recall(
		ctx context.Context, p *subjects.Places, fresh bool, see func(known *consent.Known, cat *catalog.Catalog, at consent.Instant) error,
	) (told bool, err error)
	// ContactsOf returns the messages that were sent to a person, by time. It is never nil, and it reads the database.
	ContactsOf(ctx context.Context, a address.Address) ([]consent.Contact, error)
}

// foresee says what a judge makes of the holder before anything is written. What is to be recorded is judged again under the lock, so for that
// it is enough what memory knows, however old it is. That nothing is to be recorded is the answer to the person: it rests on all that was
// acknowledged before the call, by any server. Memory that is a moment old may still have a no of before the person came back, and this click
// would be lost.
func (l *Links) foresee(ctx context.Context, h *holder, judge func(s *sight) (Outcome, error)) (Outcome, error) {
	var outcome Outcome
	see := func(known *consent.Known, cat *catalog.Catalog, at consent.Instant) (err error) {
		outcome, err = judge(&sight{Known: known, catalog: cat, at: at})
		return err
	}
	told, err := l.memory.Recall(ctx, &h.Places, false, see)
	if told && err == nil && !outcome.recordsNothing() {
		return outcome, nil
	}
	// A refusal by memory that is a moment old says nothing either.
	if told, err = l.memory.Recall(ctx, &h.Places, true, see); told || err != nil {
		return outcome, err
	}
	seen, err := l.look(ctx, h)
	if err != nil {
		return 0, err
	}
	return judge(seen)
}
