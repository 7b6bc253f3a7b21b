package sends

import (
	"context"
	"time"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// loadWithin is how long ago messages were sent, and cases came, by which those that a send brings are reckoned: contacts are kept for as long at least.
const loadWithin = 30 * 24 * time.Hour

// LoadOf returns what is known of the cases that a send would bring to the desk of its department, for a number of recipients: those of its last preview who
// may be written to, else those that it expects. Nil: the catalog does not say how many the desk can answer. It is for the client that plans the send.
func (s *Sends) LoadOf(ctx context.Context, send *Send) (*campaign.Load, error) {
	head, err := s.Store.Head(ctx)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	versions, err := s.reference.Catalogs.UpTo(ctx, &head)
	if err != nil || len(versions) == 0 {
		return nil, err
	}
	now := max(s.Instant(), head.Recorded)
	department, known := reference.InForce(versions, now).Parsed.Department(send.Department)
	if !known || department.Desk == nil || department.Desk.AnswerCapacity == 0 {
		return nil, nil //nolint:nilnil // Nothing is known of it.
	}
	calendar, err := department.Desk.Calendar()
	if err != nil {
		return nil, err
	}
	l := &campaign.Load{Recipients: send.ExpectedSize, Capacity: int64(department.Desk.AnswerCapacity)}
	if p := send.Preview; p != nil {
		l.Recipients = p.Recipients - p.NeverAsked - p.Denied
	}
	l.Days = max(1, int64(calendar.WorkingDays(time.UnixMicro(send.From), time.UnixMicro(send.Until-1))))
	return l, env.StoreFault(s.readLoad(ctx, send, now, l))
}

// readLoad reads the figures of the sender identity of a send, and how many cases wait at the desk of its department.
func (s *Sends) readLoad(ctx context.Context, send *Send, now consent.Instant, l *campaign.Load) (err error) {
	since := now.Add(-loadWithin)
	if l.Contacts, err = sendtable.CountSentBy(ctx, s.Store, send.SenderIdentity, since, now); err != nil {
		return err
	}
	if l.Cases, err = casetable.CountCasesOf(ctx, s.Store, send.SenderIdentity, since, now); err != nil {
		return err
	}
	counts, err := casetable.CountCases(ctx, s.Store, now)
	for _, one := range counts {
		if one.Department == send.Department {
			l.Waiting = one.Open
		}
	}
	return err
}
