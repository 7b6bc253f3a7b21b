package contacts

import (
	"context"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// Report says what became of a message of a send.
type Report struct {
	Address  string
	Released bool            // it is not sent
	Sent     consent.Instant // when it was sent; 0: now
}

// ReportError is why a report of several was not taken.
type ReportError struct {
	Index int
	*fault.Error
}

// ReportSent takes what became of messages of a send, and returns how many reports have changed something, and which could not be taken. What was sent
// counts whether or not a place was reserved; what is released is as if it was never asked for. The same reports again change nothing. Errors:
// SEND_NOT_FOUND, OTHER_DEPARTMENT, TOO_LARGE; of a report INVALID_ADDRESS, TIME_IN_FUTURE, CONTACT_SENT.
func (c *Contacts) ReportSent(ctx context.Context, send string, reports []Report) (changed int, failed []ReportError, err error) {
	if len(reports) > env.MaxBatch {
		return 0, nil, fault.Errorf(fault.TooLarge, "reports", "at most %d reports in one call", env.MaxBatch)
	}
	for from := 0; from < len(reports); from += chunk {
		part := reports[from:min(from+chunk, len(reports))]
		n, refused, err := c.reportPart(ctx, send, part)
		if err != nil {
			return changed, failed, err
		}
		changed += n
		for _, f := range refused {
			failed = append(failed, ReportError{from + f.Index, f.Error})
		}
	}
	return changed, failed, nil
}

// reportPart takes reports in one transaction.
func (c *Contacts) reportPart(ctx context.Context, send string, reports []Report) (changed int, failed []ReportError, err error) {
	persons, unread := make([][32]byte, len(reports)), make([]*fault.Error, len(reports))
	var known [][32]byte
	for i := range reports {
		a, err := address.Parse(reports[i].Address)
		if err != nil {
			unread[i] = subjects.InvalidAddress(err)
			continue
		}
		if persons[i], err = c.personOf(a); err != nil {
			return 0, nil, err
		}
		known = append(known, persons[i])
	}
	err = c.engine.Do(ctx, &txn.Write{Bulk: len(reports) > 1, Weight: len(reports), Run: func(w *txn.Tx) error {
		changed, failed = 0, nil
		rows := under(w)
		row, err := c.reportable(rows, send)
		if err != nil {
			return err
		}
		if _, err := rows.contacts(known); err != nil {
			return err
		}
		r := reporting{locked: rows, send: row, now: w.Recorded, client: w.Caller.ID}
		for i := range reports {
			refused := unread[i]
			if refused == nil {
				refused = r.take(persons[i], &reports[i])
			}
			if refused != nil {
				failed = append(failed, ReportError{i, refused})
			}
		}
		changed = r.changed
		r.store()
		return nil
	}})
	return changed, failed, err
}

// reportable returns the send, if the caller of the write may report of it.
func (c *Contacts) reportable(rows *locked, send string) (*sendtable.Send, error) {
	row, err := rows.send(send)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, fault.Errorf(fault.SendMissing, "send", "there is no send of this id")
	}
	if rows.Caller.AllDepartments {
		return row, nil
	}
	versions, err := rows.CatalogVersions()
	if err != nil {
		return nil, err
	}
	return row, rows.Caller.NeedChannel(row.Channel, reference.InForce(versions, rows.Recorded).Parsed)
}

// reporting gathers what reports of one transaction change.
type reporting struct {
	*locked

	send    *sendtable.Send
	now     consent.Instant
	client  string
	changed int
	sent    []sendtable.Contact
	gone    [][32]byte
}

// take takes one report.
func (r *reporting) take(person [32]byte, report *Report) *fault.Error {
	own := contactOf(r.rows[person], r.send.ID)
	switch {
	case own != nil && own.State == campaign.ContactSent:
		if report.Released {
			return fault.Errorf(fault.ContactSent, "outcome", "the message was reported as sent, and counts; a release comes before that")
		}
		return nil
	case report.Released:
		if own != nil {
			r.rows[person] = without(r.rows[person], r.send.ID)
			r.gone, r.changed = append(r.gone, person), r.changed+1
		}
		return nil
	}
	at := report.Sent
	if at == 0 || r.now < at && at <= r.now.Add(txn.ClientSkew) {
		at = r.now
	}
	if at > r.now {
		return fault.Errorf(fault.TimeInFuture, "sentTime", "the time is in the future; report what was sent once it was, or omit the time for now")
	}
	row := sendtable.Contact{
		Folded: person, Send: r.send.ID, Channel: r.send.Channel, Department: r.send.Department, Sender: r.send.Sender,
		State: campaign.ContactSent, At: at, Client: r.client,
	}
	r.rows[person] = append(without(r.rows[person], r.send.ID), row)
	r.sent, r.changed = append(r.sent, row), r.changed+1
	return nil
}

// store has what was gathered stored: what is gone first, for the same message may be reported as sent later in the list.
func (r *reporting) store() {
	for _, statement := range append(sendtable.DropContacts(r.send.ID, r.gone), sendtable.PutContacts(r.sent)...) {
		r.WriteTable(statement)
	}
}
