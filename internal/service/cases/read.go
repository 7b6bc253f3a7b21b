package cases

import (
	"context"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/desks"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/cases/absences"
	"github.com/assent-io/assent/internal/service/cases/number"
	"github.com/assent-io/assent/internal/service/cases/reach"
	"github.com/assent-io/assent/internal/service/cases/sealed"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
	"github.com/assent-io/assent/internal/token"
)

// viewer shows cases by one catalog and the absences of now.
type viewer struct {
	cases    *Cases
	cat      *catalog.Catalog
	now      time.Time
	absences map[string][]casework.Absence // by department, as far as they were read
	who      access.Caller
}

// viewer lets the caller of a call in, and returns what shows cases to it.
func (s *Cases) viewer(ctx context.Context) (*viewer, error) {
	head, who, err := s.guard.AdmitNow(ctx, access.ScopeCases)
	if err != nil {
		return nil, err
	}
	cat, err := s.catalog(ctx, &head)
	if err != nil {
		return nil, err
	}
	return &viewer{cases: s, cat: cat, now: s.Clock(), absences: map[string][]casework.Absence{}, who: who}, nil
}

// absent returns the absences of a desk.
func (v *viewer) absent(ctx context.Context, department string) ([]casework.Absence, error) {
	if list, read := v.absences[department]; read || department == "" {
		return list, nil
	}
	rows, err := casetable.Absences(ctx, v.cases.Store, department)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	v.absences[department] = absences.Of(rows)
	return v.absences[department], nil
}

// read returns a case as it is shown, without its deputy.
func (s *Cases) read(row *casetable.Case) (Case, error) {
	in, err := sealed.Open(s.Keys, row)
	if err != nil {
		return Case{}, err
	}
	return Case{
		ID: number.Of(row.ID), Kind: casework.Kind(row.Kind), State: casework.State(row.State), Origin: casework.Origin(row.Origin),
		Department: row.Department, Assignee: row.Assignee, Address: in.Address, Subject: in.Subject, Text: in.Text, Channel: row.Channel,
		SenderIdentity: row.SenderIdentity, Mailbox: in.Mailbox, Personal: row.Personal, Received: row.Received, Opened: row.Opened, Due: row.Due,
		DueRule: row.DueRule, LawDue: row.LawDue, LawDueRule: row.LawDueRule, Resubmit: row.Resubmit, Answered: row.Answered, Closed: row.Closed,
		Outcome: casework.Outcome(row.Outcome), SenderInformed: row.SenderInformed, Candidates: sealed.OpenCandidates(in.Candidates), Etag: etagOf(row),
	}, nil
}

// show returns a case as it is shown.
func (v *viewer) show(ctx context.Context, row *casetable.Case) (Case, error) {
	c, err := v.cases.read(row)
	if err != nil {
		return Case{}, err
	}
	if row.Assignee == "" || c.State == casework.Closed {
		return c, nil
	}
	desk, _ := v.cases.desk(v.cat, row.Department)
	away, err := v.absent(ctx, row.Department)
	c.Deputy = desks.Deputy(&desk, away, row.Assignee, v.now)
	return c, err
}

// caseOf returns a case after a change of the caller. Of one that went to the desk of another department it is the number and the department.
func (s *Cases) caseOf(ctx context.Context, id int64) (Case, error) {
	v, err := s.viewer(ctx)
	if err != nil {
		return Case{}, err
	}
	rows, err := s.storedCase(ctx, id)
	switch {
	case err != nil:
		return Case{}, err
	case len(rows) == 0:
		return Case{}, missing()
	case !reach.Reaches(&v.who, rows[0].Department):
		return Case{ID: number.Of(id), Department: rows[0].Department}, nil
	}
	return v.show(ctx, &rows[0])
}

// Opened is a case with all that the desk needs to answer it.
type Opened struct {
	Case    Case
	Entries []Entry
	// Recipient is what a check answers now about the address, on the channel of the case, or where that is not known on each that the caller
	// may know; nil where the case has no address.
	Recipient *check.Recipient
	// OffersObjection says that closing the case can record that the person objects: no objection to marketing stands.
	OffersObjection bool
}

// GetCase returns a case. Errors: INVALID_REQUEST, CASE_NOT_FOUND, also for one of another department; SCOPE_MISSING.
func (s *Cases) GetCase(ctx context.Context, id string) (Opened, error) {
	v, row, err := s.find(ctx, id)
	if err != nil {
		return Opened{}, err
	}
	shown, err := v.show(ctx, row)
	if err != nil {
		return Opened{}, err
	}
	opened := Opened{Case: shown}
	rows, err := casetable.Entries(ctx, s.Store, row.ID)
	if err != nil {
		return Opened{}, env.StoreFault(err)
	}
	for i := range rows {
		text, err := sealed.OpenEntry(s.Keys, &rows[i])
		if err != nil {
			return Opened{}, err
		}
		opened.Entries = append(opened.Entries, Entry{
			Number: rows[i].Number, Time: rows[i].Time, Author: rows[i].Author, Kind: rows[i].Kind, Text: text,
		})
	}
	if shown.Address == "" {
		return opened, nil
	}
	r, err := s.checker.LookupFor(ctx, check.LookupInput{Address: shown.Address}, access.ScopeCases, true)
	if err != nil {
		return Opened{}, err
	}
	opened.Recipient = &r
	r.Channels = onChannel(r.Channels, shown.Channel)
	opened.OffersObjection = shown.State != casework.Closed && !slices.ContainsFunc(r.Suppressions, isObjection)
	return opened, nil
}

// onChannel leaves the channel of a case, if that is known and the caller may know it.
func onChannel(all []check.ChannelState, channel string) []check.ChannelState {
	for i := range all {
		if all[i].Channel == channel {
			return all[i : i+1]
		}
	}
	return all
}

func isObjection(p consent.InForce) bool {
	return p.Reason == consent.ReasonObjection && (p.Scope == consent.ScopeMarketing || p.Scope == consent.ScopeAll)
}

// find returns the row of a case that the caller works on, and what shows it.
func (s *Cases) find(ctx context.Context, text string) (*viewer, *casetable.Case, error) {
	id, err := number.Parse(text)
	if err != nil {
		return nil, nil, err
	}
	v, err := s.viewer(ctx)
	if err != nil {
		return nil, nil, err
	}
	rows, err := s.storedCase(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if len(rows) == 0 || !reach.Reaches(&v.who, rows[0].Department) {
		return nil, nil, missing()
	}
	return v, &rows[0], nil
}

// Filter says which cases are wanted. An empty field wants all that the caller may see.
type Filter struct {
	Department string
	Assignee   string
	State      casework.State
	Overdue    bool
}

// Page is a page of cases.
type Page struct {
	Cases []Case
	Next  string // the token of the next page; empty after the last
}

// ListCases returns cases, those due first before all others. A client of one department gets those of that department's desk. Errors:
// INVALID_PAGE_TOKEN, SCOPE_MISSING.
func (s *Cases) ListCases(ctx context.Context, f Filter, size int, pageToken string) (Page, error) {
	method := "cases\x00" + f.Department + "\x00" + f.Assignee + "\x00" + string(f.State)
	if f.Overdue {
		method += "\x00overdue"
	}
	at, err := token.ReadPage(s.Keys, method, pageToken)
	if err != nil {
		return Page{}, env.InvalidPage()
	}
	v, err := s.viewer(ctx)
	if err != nil {
		return Page{}, err
	}
	if !reach.Narrow(&v.who, &f.Department) {
		return Page{}, nil
	}
	rows, err := s.listed(ctx, &f, &at, size+1, v.now)
	if err != nil {
		return Page{}, err
	}
	var page Page
	if len(rows) > size {
		rows = rows[:size]
		last := &rows[size-1]
		if page.Next, err = token.NewPage(s.Keys, method, token.Page{After: int64(last.Due), AfterKey: number.Of(last.ID)}); err != nil {
			return Page{}, err
		}
	}
	for i := range rows {
		c, err := v.show(ctx, &rows[i])
		if err != nil {
			return Page{}, err
		}
		page.Cases = append(page.Cases, c)
	}
	return page, nil
}

func (s *Cases) listed(ctx context.Context, f *Filter, at *token.Page, limit int, now time.Time) ([]casetable.Case, error) {
	after := casetable.Case{Due: consent.Instant(at.After)}
	if at.AfterKey != "" {
		var err error
		if after.ID, err = number.Parse(at.AfterKey); err != nil {
			return nil, env.InvalidPage()
		}
	}
	filter := casetable.CaseFilter{Department: f.Department, Assignee: f.Assignee, State: string(f.State)}
	if f.Overdue {
		filter.DueBefore = consent.InstantOf(now) + 1
	}
	rows, err := casetable.Cases(ctx, s.Store, &filter, &after, limit)
	return rows, env.StoreFault(err)
}

// knownDepartment refuses a department that the catalog does not have.
func (v *viewer) knownDepartment(department string) error {
	if _, ok := v.cat.Department(department); !ok && department != "" {
		return desks.Missing(department)
	}
	return nil
}
