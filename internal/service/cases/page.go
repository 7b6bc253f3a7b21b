package cases

import (
	"context"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/desks"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/cases/number"
	"github.com/assent-io/assent/internal/service/cases/sealed"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/recipient/concerns"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
	"github.com/assent-io/assent/internal/wallclock"
)

const (
	// shownFor is how long a case is shown to its person after it was closed.
	shownFor = 90 * 24 * time.Hour
	// mostShown is how many cases a person is shown at most.
	mostShown = 10
	// mostRead is how many cases of a person are looked through: as many as they can open within a month.
	mostRead = 200
	// mostWithin is the time in which a person opens [concerns.MaxCases] of one kind at most.
	mostWithin = 24 * time.Hour
)

// CasesOnPage returns the cases that a person opened on the page of a link, the last one first: those that are not closed, and those closed within
// 90 days; ten at most. What was said is not in them, nor who works on them.
func (s *Cases) CasesOnPage(ctx context.Context, a address.Address) ([]concerns.Case, error) {
	digest, err := sealed.DigestOf(s.Keys, a)
	if err != nil {
		return nil, err
	}
	rows, err := pageCases(ctx, s.Store, digest)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	head, err := s.Store.Head(ctx)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	cat, err := s.catalog(ctx, &head)
	if err != nil {
		return nil, err
	}
	since := consent.InstantOf(s.Clock().Add(-shownFor))
	var shown []concerns.Case
	for i := range rows {
		if row := &rows[i]; (row.Closed == 0 || row.Closed > since) && len(shown) < mostShown {
			c, err := s.onPage(cat, row)
			if err != nil {
				return nil, err
			}
			shown = append(shown, c)
		}
	}
	return shown, nil
}

// OpenOnPage opens a case of a person on the page of a link as a part of a write. A complaint goes to the desk of the department whose message the
// link was in. A request for access goes to the officers, for it is about all departments. Where the person has the same case open already, that is
// returned, and opened is false. The error is [concerns.ErrManyCases] where the person has opened as many within a day as one can.
func (s *Cases) OpenOnPage(w *txn.Tx, n *concerns.NewCase) (c concerns.Case, opened bool, err error) {
	digest, err := sealed.DigestOf(s.Keys, n.Address)
	if err != nil {
		return concerns.Case{}, false, err
	}
	there, err := rowsAbout(w, digest)
	if err != nil {
		return concerns.Case{}, false, err
	}
	cat, err := w.Catalog(w.Recorded)
	if err != nil {
		return concerns.Case{}, false, err
	}
	lately := 0
	for i := range there {
		row := &there[i]
		if row.Kind != string(n.Kind) {
			continue
		}
		same, err := s.isSame(cat, row, n)
		if err != nil {
			return concerns.Case{}, false, err
		}
		if same {
			c, err = s.onPage(cat, row)
			return c, false, err
		}
		if row.Opened.Time().After(w.Recorded.Time().Add(-mostWithin)) {
			lately++
		}
	}
	if lately >= concerns.MaxCases {
		return concerns.Case{}, false, concerns.ErrManyCases
	}
	o := &opening{
		kind: n.Kind, origin: casework.FromPage, address: n.Address, known: true, subject: n.Subject, text: n.Text, channel: n.Channel,
		officers: n.Kind == casework.Access,
	}
	if ch, ok := cat.Channel(n.Channel); ok {
		o.token = &casework.Candidate{Department: ch.Department, Channel: ch.ID}
	}
	row, err := s.add(w, o)
	if err != nil {
		return concerns.Case{}, false, err
	}
	txn.PutRows(w, digest, append([]casetable.Case{*row}, there...)) // The same click may come again within the transaction.
	c, err = s.onPage(cat, row)
	return c, true, err
}

// isSame reports whether a case that is not closed is what a person would open: a complaint of a message on the same channel in the same words, or
// a request for access to the controller of the same channel.
func (s *Cases) isSame(cat *catalog.Catalog, row *casetable.Case, n *concerns.NewCase) (bool, error) {
	if row.State == string(casework.Closed) {
		return false, nil
	}
	if n.Kind == casework.Access {
		before, _ := cat.Channel(row.Channel)
		now, _ := cat.Channel(n.Channel)
		return before == nil || now == nil || before.Controller == now.Controller, nil
	}
	if row.Channel != n.Channel {
		return false, nil
	}
	in, err := sealed.Open(s.Keys, row)
	return err == nil && in.Text == sealed.Stored(n.Text, sealed.MaxText), err
}

// pageCases returns the cases that a person opened on a page, the last one first.
func pageCases(ctx context.Context, from storage.TableReader, digest [32]byte) ([]casetable.Case, error) {
	return casetable.CasesAbout(ctx, from, digest, string(casework.FromPage), mostRead)
}

// rowsAbout returns the cases that a person opened on a page as the transaction has left them so far, the last one first.
func rowsAbout(w *txn.Tx, digest [32]byte) ([]casetable.Case, error) {
	rows, err := txn.RowsOf(w, digest, pageCases)
	if err != nil {
		return nil, err
	}
	var now []casetable.Case
	for i := range rows {
		again, err := rowOf(w, rows[i].ID)
		if err != nil {
			return nil, err
		}
		now = append(now, again...)
	}
	return slices.DeleteFunc(now, func(c casetable.Case) bool { return c.Folded == nil }), nil
}

// onPage returns a case as its person sees it. A person who makes use of a right is told until when the law wants an answer, and not which time the
// desk has.
func (s *Cases) onPage(cat *catalog.Catalog, row *casetable.Case) (concerns.Case, error) {
	c := concerns.Case{
		Number: number.Of(row.ID), Kind: casework.Kind(row.Kind), State: casework.State(row.State), Channel: row.Channel, Opened: row.Opened,
		Due: row.Due, Answered: row.Answered, Closed: row.Closed,
	}
	if ch, ok := cat.Channel(row.Channel); ok {
		c.Controller = ch.Controller
	} else if d, ok := cat.Department(row.Department); ok {
		c.Controller = d.Controller
	}
	if row.LawDue != 0 {
		c.Due = row.LawDue
	}
	desk := desks.Answering(cat, row.Department, row.Channel, s.desk)
	calendar, err := desk.Calendar()
	if err != nil {
		return concerns.Case{}, err
	}
	c.DueDay = wallclock.DateOf((c.Due - 1).Time().In(calendar.Zone()))
	return c, nil
}
