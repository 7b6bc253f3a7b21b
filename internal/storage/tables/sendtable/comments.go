package sendtable

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// The kinds of what is said about a send.
const (
	SendComment      = "comment"
	SendObjection    = "objection"
	SendWithdrawal   = "withdrawal"   // of the objection of the department
	SendClearing     = "clearing"     // by an officer, where nothing was objected
	SendOverride     = "override"     // by an officer, over an objection
	SendCancellation = "cancellation" // by its owner or an officer
)

// SendWord is something that a client said about a send.
type SendWord struct {
	Send       string
	Number     int64 // from 1 on
	Kind       string
	Department string // of the client; empty: it acts for all
	Client     string
	Created    consent.Instant
	Sealed     []byte // the text
}

const sendWordColumns = `send, number, kind, department, client, created_time, sealed`

// SendWords returns what was said about a send, in its order.
func SendWords(ctx context.Context, from storage.TableReader, send string) ([]SendWord, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read comments of a send", SQL: `SELECT ` + sendWordColumns + ` FROM send_comments WHERE send = $1 ORDER BY number`,
		Args: []any{send},
	}, func(scan storage.Scan) (w SendWord, err error) {
		return w, scan(&w.Send, &w.Number, &w.Kind, &w.Department, &w.Client, (*int64)(&w.Created), &w.Sealed)
	})
	return rows, err
}

// AddSendWord adds what a client said about a send.
func AddSendWord(w *SendWord) storage.Statement {
	return storage.Statement{
		Doing: "store a comment of a send", SQL: portable.InsertInto("send_comments", sendWordColumns),
		Args: []any{w.Send, w.Number, w.Kind, w.Department, w.Client, int64(w.Created), column.NotNull(w.Sealed)},
	}
}

// SendOverlap is what a preview counted of a send and a department: of one of its sends, or of the people who left its channels.
type SendOverlap struct {
	Send       string
	Department string
	Other      string // a send of the department; empty: the row is about people who left
	Overlap    int64  // how many recipients both sends have
	OverNow    int64  // how many of these are over a cap already
	OverAll    int64  // how many of these are over a cap if all cleared sends go out
	Leavers    int64  // how many recipients left a channel of the department not long ago
}

const sendOverlapColumns = `send, department, other, overlap, over_now, over_all, leavers`

// SendOverlaps returns what the last preview of a send counted, by department and send.
func SendOverlaps(ctx context.Context, from storage.TableReader, send string) ([]SendOverlap, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read overlaps of a send", SQL: `SELECT ` + sendOverlapColumns + ` FROM send_overlaps WHERE send = $1 ORDER BY department, other`,
		Args: []any{send},
	}, scanSendOverlap)
	return rows, err
}

// SendOverlapsBetween returns what the last previews counted of the sends with a window that ends after from and begins before until.
func SendOverlapsBetween(ctx context.Context, from storage.TableReader, after, until consent.Instant) ([]SendOverlap, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read overlaps of sends",
		SQL: `SELECT ` + sendOverlapColumns + ` FROM send_overlaps WHERE send IN (SELECT id FROM sends WHERE until_time > $1 AND from_time < $2)
			ORDER BY send, department, other`,
		Args: []any{int64(after), int64(until)},
	}, scanSendOverlap)
	return rows, err
}

// PutSendOverlaps stores what a preview counted of a send in the place of what the one before did.
func PutSendOverlaps(send string, rows []SendOverlap) []storage.Statement {
	statements := []storage.Statement{{
		Doing: "delete overlaps of a send", SQL: `DELETE FROM send_overlaps WHERE send = $1`, Args: []any{send},
	}}
	for i := range rows {
		o := &rows[i]
		statements = append(statements, storage.Statement{
			Doing: "store an overlap of a send", SQL: portable.InsertInto("send_overlaps", sendOverlapColumns),
			Args: []any{send, o.Department, o.Other, o.Overlap, o.OverNow, o.OverAll, o.Leavers},
		})
	}
	return statements
}

func scanSendOverlap(scan storage.Scan) (o SendOverlap, err error) {
	return o, scan(&o.Send, &o.Department, &o.Other, &o.Overlap, &o.OverNow, &o.OverAll, &o.Leavers)
}
