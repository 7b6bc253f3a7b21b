package sends

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
	"github.com/assent-io/assent/internal/token"
)

// Calendar is an address under which a calendar of the sends can be read.
type Calendar struct {
	ID         string
	Department string // of the client that created it; empty: it acts for all
	Created    consent.Instant
	CreatedBy  string
	Revoked    consent.Instant // zero: it is not
}

// CreatedCalendar is a calendar that was created.
type CreatedCalendar struct {
	Calendar Calendar
	// Token is what stands in its address. It is not remembered: a repetition of the request has none.
	Token string `json:"-"`
}

func calendarOf(row *sendtable.SendCalendar) Calendar {
	return Calendar{ID: row.ID, Department: row.Department, Created: row.Created, CreatedBy: row.CreatedBy, Revoked: row.Revoked}
}

// newToken returns a token of 256 bits for an address.
func newToken() string {
	secret := make([]byte, 32)
	rand.Read(secret) // It never fails.
	return base64.RawURLEncoding.EncodeToString(secret)
}

func hashOf(token string) [32]byte { return sha256.Sum256([]byte(token)) }

// CreateSendCalendar creates a calendar. Errors: INVALID_REQUEST, SEND_CALENDAR_EXISTS, SCOPE_MISSING, REQUEST_ID_REUSED.
func (s *Sends) CreateSendCalendar(ctx context.Context, id string, once txn.Idempotency) (CreatedCalendar, error) {
	if err := access.Need(ctx, readers()...); err != nil {
		return CreatedCalendar{}, err
	}
	var refused error
	if !catalog.IsID(id) {
		refused = fault.Errorf(fault.InvalidRequest, "id", "an id is 1 to 64 lower-case letters, digits, '-', '_' and '.'")
	}
	secret, made := newToken(), false
	created, err := txn.Idempotent(ctx, s.engine, &txn.Write{}, once, refused, func(w *txn.Tx) (CreatedCalendar, bool, error) {
		if err := w.Caller.Need(readers()...); err != nil {
			return CreatedCalendar{}, false, err
		}
		there, err := txn.RowsOf(w, id, sendtable.SendCalendarOf)
		if err != nil {
			return CreatedCalendar{}, false, err
		}
		if len(there) > 0 {
			return CreatedCalendar{}, false, fault.Errorf(fault.CalendarExists, "id", "a calendar with the id %s exists, or existed; choose another id", id)
		}
		row := sendtable.SendCalendar{
			ID: id, TokenHash: hashOf(secret), Department: departmentOf(&w.Caller), Created: w.Recorded, CreatedBy: w.Caller.ID,
		}
		txn.PutRows(w, id, []sendtable.SendCalendar{row}, sendtable.AddSendCalendar(&row))
		made = true
		return CreatedCalendar{Calendar: calendarOf(&row)}, true, nil
	})
	if err == nil && made {
		created.Token = secret
	}
	return created, err
}

// CalendarPage is a page of calendars.
type CalendarPage struct {
	Calendars []Calendar
	Next      string
}

// ListSendCalendars returns the calendars by id: to a client of one department those of that department. Errors: INVALID_PAGE_TOKEN, SCOPE_MISSING.
func (s *Sends) ListSendCalendars(ctx context.Context, size int, pageToken string) (CalendarPage, error) {
	const method = "sendCalendars"
	at, err := token.ReadPage(s.Keys, method, pageToken)
	if err != nil {
		return CalendarPage{}, env.InvalidPage()
	}
	_, who, err := s.guard.AdmitNow(ctx, readers()...)
	if err != nil {
		return CalendarPage{}, err
	}
	rows, err := sendtable.SendCalendars(ctx, s.Store, departmentOf(&who), at.AfterKey, size+1)
	if err != nil {
		return CalendarPage{}, env.StoreFault(err)
	}
	var page CalendarPage
	if len(rows) > size {
		rows = rows[:size]
		if page.Next, err = token.NewPage(s.Keys, method, token.Page{AfterKey: rows[size-1].ID}); err != nil {
			return CalendarPage{}, err
		}
	}
	for i := range rows {
		page.Calendars = append(page.Calendars, calendarOf(&rows[i]))
	}
	return page, nil
}

// RevokeSendCalendar revokes a calendar. Errors: SEND_CALENDAR_NOT_FOUND, also for one of another department; SCOPE_MISSING.
func (s *Sends) RevokeSendCalendar(ctx context.Context, id string, once txn.Idempotency) (Calendar, error) {
	if err := access.Need(ctx, readers()...); err != nil {
		return Calendar{}, err
	}
	return txn.Idempotent(ctx, s.engine, &txn.Write{}, once, nil, func(w *txn.Tx) (Calendar, bool, error) {
		if err := w.Caller.Need(readers()...); err != nil {
			return Calendar{}, false, err
		}
		rows, err := txn.RowsOf(w, id, sendtable.SendCalendarOf)
		if err != nil {
			return Calendar{}, false, err
		}
		if len(rows) == 0 || !w.Caller.AllDepartments && w.Caller.Department != rows[0].Department {
			return Calendar{}, false, fault.Errorf(fault.CalendarMissing, "id", "the calendar does not exist, or it is not of the client's department")
		}
		row := rows[0]
		if row.Revoked == 0 {
			row.Revoked, row.RevokedBy = w.Recorded, w.Caller.ID
			txn.PutRows(w, id, []sendtable.SendCalendar{row}, sendtable.RevokeSendCalendar(id, row.Revoked, row.RevokedBy))
		}
		return calendarOf(&row), true, nil
	})
}
