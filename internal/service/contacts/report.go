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

// Reported is what became of reports.
type Reported struct {
	Changed int // how many have changed something
	// NotKept is how many are of messages from before an erasure of the person: nothing is written about them again.
	NotKept int
	Failed  []ReportError // which could not be taken
}

// ReportSent takes what became of messages of a send. What was sent counts whether or not a place was reserved; what is released is as if it was never
// asked for. The same reports again change nothing. What was sent before the person was erased is not kept. Errors:
// SEND_NOT_FOUND, OTHER_DEPARTMENT, TOO_LARGE; of a report INVALID_ADDRESS, TIME_IN_FUTURE, CONTACT_SENT.
func (c *Contacts) ReportSent(ctx context.Context, send string, reports []Report) (Reported, error) {
	var all Reported
	if len(reports) > env.MaxBatch {
		return all, fault.Errorf(fault.TooLarge, "reports", "at most %d reports in one call", env.MaxBatch)
	}
	for from := 0; from < len(reports); from += chunk {
		part := reports[from:min(from+chunk, len(reports))]
		one, err := c.reportPart(ctx, send, part)
		if err != nil {
			return all, err
		}
		all.Changed, all.NotKept = all.Changed+one.Changed, all.NotKept+one.NotKept
		for _, f := range one.Failed {
			all.Failed = append(all.Failed, ReportError{from + f.Index, f.Error})
		}
	}
	return all, nil
}

// reportPart takes reports in one transaction.
func (c *Contacts) reportPart(ctx context.Context, send string, reports []Report) (done Reported, err error) {
	messages, known := make([]message, len(reports)), make([][32]byte, 0, len(reports))
	for i := range reports {
		m := &messages[i]
		m.Report = &reports[i]
		if m.address, err = address.Parse(reports[i].Address); err != nil {
			m.unread = subjects.InvalidAddress(err)
			continue
		}
		if m.person, err = c.personOf(m.address); err != nil {
			return Reported{}, err
		}
		known = append(known, m.person)
	}
	err = c.engine.Do(ctx, &txn.Write{Bulk: len(reports) > 1, Weight: len(reports), Run: func(w *txn.Tx) error {
		done = Reported{}
		rows := under(w)
		row, err := c.reportable(rows, send)
		if err != nil {
			return err
		}
		if _, err := rows.contacts(known); err != nil {
			return err
		}
		r := reporting{locked: rows, send: row, now: w.Recorded, client: w.Caller.ID}
		if r.erased, err = rows.erasedUntil(c.Keys, r.maybeErased(messages)); err != nil {
			return err
		}
		for i := range messages {
			refused := messages[i].unread
			if refused == nil {
				refused = r.take(messages[i].person, messages[i].Report)
			}
			if refused != nil {
				r.done.Failed = append(r.done.Failed, ReportError{i, refused})
			}
		}
		done = r.done
		r.store()
		return nil
	}})
	return done, err
}

// message is a report that was read.
type message struct {
	*Report

	address address.Address
	person  [32]byte
	unread  *fault.Error // the address is none
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

	send   *sendtable.Send
	now    consent.Instant
	client string
	erased map[[32]byte]consent.Instant // until when; of those of whom it may matter
	done   Reported
	sent   []sendtable.Contact
	freed  [][32]byte
}

// maybeErased returns the persons whose messages may be from before an erasure. A place that is there was reserved after the last one, and so were
// messages sent since.
func (r *reporting) maybeErased(messages []message) map[[32]byte]address.Address {
	of := map[[32]byte]address.Address{}
	for i := range messages {
		m := &messages[i]
		if m.unread != nil || m.Released || m.Sent == 0 {
			continue
		}
		if own := contactOf(r.rows[m.person], r.send.ID); own == nil || m.Sent < own.At {
			of[m.person] = m.address
		}
	}
	return of
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
			r.freed, r.done.Changed = append(r.freed, person), r.done.Changed+1
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
	if until, erased := r.erased[person]; erased && at <= until {
		r.done.NotKept++
		return nil
	}
	row := sendtable.Contact{
		Folded: person, Send: r.send.ID, Channel: r.send.Channel, Department: r.send.Department, Sender: r.send.Sender,
		State: campaign.ContactSent, At: at, Client: r.client,
	}
	r.rows[person] = append(without(r.rows[person], r.send.ID), row)
	r.sent, r.done.Changed = append(r.sent, row), r.done.Changed+1
	return nil
}

// store has what was gathered stored: what is gone first, for the same message may be reported as sent later in the list.
func (r *reporting) store() {
	for _, statement := range append(sendtable.DropContacts(r.send.ID, r.freed), sendtable.PutContacts(r.sent)...) {
		r.WriteTable(statement)
	}
}
