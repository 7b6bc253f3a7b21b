package sendtable

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// SendCalendar is a calendar of sends that a program reads by a secret address.
type SendCalendar struct {
	ID         string
	TokenHash  [32]byte // SHA-256 of the token in the address
	Department string   // of the client that created it; empty: it acts for all
	Created    consent.Instant
	CreatedBy  string
	Revoked    consent.Instant // zero: it is not
	RevokedBy  string
}

const sendCalendarColumns = `id, token_hash, department, created_time, created_by, revoked_time, revoked_by`

// SendCalendars returns the calendars with an id after one, by id, at most limit of them: those of a department, or all if it is empty.
func SendCalendars(ctx context.Context, from storage.TableReader, department, after string, limit int) ([]SendCalendar, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read calendars",
		SQL:   `SELECT ` + sendCalendarColumns + ` FROM send_calendars WHERE ($1 = '' OR department = $1) AND id > $2 ORDER BY id LIMIT $3`,
		Args:  []any{department, after, max(limit, 0)},
	}, scanSendCalendar)
	return rows, err
}

// SendCalendarOf returns the calendar with the id, if there is one.
func SendCalendarOf(ctx context.Context, from storage.TableReader, id string) ([]SendCalendar, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read a calendar", SQL: `SELECT ` + sendCalendarColumns + ` FROM send_calendars WHERE id = $1`, Args: []any{id},
	}, scanSendCalendar)
	return rows, err
}

// SendCalendarAt returns the calendar whose token has the hash, if there is one, whether or not it was revoked.
func SendCalendarAt(ctx context.Context, from storage.TableReader, tokenHash [32]byte) ([]SendCalendar, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "find a calendar", SQL: `SELECT ` + sendCalendarColumns + ` FROM send_calendars WHERE token_hash = $1`, Args: []any{tokenHash[:]},
	}, scanSendCalendar)
	return rows, err
}

// AddSendCalendar adds a calendar; that its id or its token exists already is an error.
func AddSendCalendar(c *SendCalendar) storage.Statement {
	return storage.Statement{Doing: "store a calendar", SQL: portable.InsertInto("send_calendars", sendCalendarColumns), Args: []any{
		c.ID, c.TokenHash[:], c.Department, int64(c.Created), c.CreatedBy, column.InstantOrNull(c.Revoked), c.RevokedBy,
	}}
}

// RevokeSendCalendar revokes a calendar that is not revoked.
func RevokeSendCalendar(id string, at consent.Instant, by string) storage.Statement {
	return storage.Statement{
		Doing: "revoke a calendar", SQL: `UPDATE send_calendars SET revoked_time = $2, revoked_by = $3 WHERE id = $1 AND revoked_time IS NULL`,
		Args: []any{id, int64(at), by},
	}
}

func scanSendCalendar(scan storage.Scan) (SendCalendar, error) {
	var c SendCalendar
	var hash []byte
	var revoked *int64
	if err := scan(&c.ID, &hash, &c.Department, (*int64)(&c.Created), &c.CreatedBy, &revoked, &c.RevokedBy); err != nil {
		return SendCalendar{}, err
	}
	c.Revoked = column.Instant(revoked)
	return c, column.Fixed("send_calendars.token_hash", c.TokenHash[:], hash)
}
