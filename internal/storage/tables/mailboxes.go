package tables

import (
	"context"
	"strconv"
	"strings"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// Mailbox says that an exact subject which holds its address is of a mailbox, so that it is found from the folded form of its address where no
// text of that is known. It does not name the folded subject to a reader without keys.
type Mailbox struct {
	Mailbox [16]byte // a keyed digest of the key of the folded subject
	Exact   [32]byte // the digest of the exact subject
}

const (
	mailboxColumns = `mailbox, digest`
	// mailboxRows is how many rows one statement adds or mailboxes it asks for, unless it is one.
	mailboxRows = 100
)

// Mailboxes returns the exact subjects of mailboxes, in no order: of each at most so many, the first by their digest.
func Mailboxes(ctx context.Context, from storage.TableReader, of [][16]byte, atMost int) ([]Mailbox, error) {
	var rows []Mailbox
	for len(of) > 0 {
		part := of[:min(len(of), mailboxRows)]
		of = of[len(part):]
		n := evenRows(len(part))
		places, args := make([]string, n), make([]any, n, n+1)
		for i := range n {
			mailbox := part[min(i, len(part)-1)]
			places[i], args[i] = "$"+strconv.Itoa(i+1), mailbox[:]
		}
		_, found, err := portable.List(ctx, from, storage.Statement{
			Doing: "read the addresses of mailboxes", Args: append(args, atMost),
			SQL: `SELECT ` + mailboxColumns + ` FROM (
				SELECT ` + mailboxColumns + `, row_number() OVER (PARTITION BY mailbox ORDER BY digest) AS number
				FROM mailboxes WHERE mailbox IN (` + strings.Join(places, ", ") + `)) m WHERE number <= $` + strconv.Itoa(n+1),
		}, scanMailbox)
		if err != nil {
			return nil, err
		}
		rows = append(rows, found...)
	}
	return rows, nil
}

// evenRows returns for how many rows the statement about so many is made. There are few texts of it, so that each stays prepared: the last row
// stands for those that are missing.
func evenRows(n int) int {
	if n > 1 {
		return mailboxRows
	}
	return n
}

// PutMailboxes adds rows, those that are missing.
func PutMailboxes(rows []Mailbox) []storage.Statement {
	var all []storage.Statement
	for len(rows) > 0 {
		part := rows[:min(len(rows), mailboxRows)]
		rows = rows[len(part):]
		if len(part) < mailboxRows/4 { // Most of a longer statement would be repetitions.
			for i := range part {
				all = append(all, putMailboxes(part[i:i+1]))
			}
			continue
		}
		all = append(all, putMailboxes(part))
	}
	return all
}

func putMailboxes(rows []Mailbox) storage.Statement {
	n := evenRows(len(rows))
	places, args := make([]string, n), make([]any, 0, 2*n)
	for i := range n {
		row := rows[min(i, len(rows)-1)]
		places[i] = "($" + strconv.Itoa(2*i+1) + ", $" + strconv.Itoa(2*i+2) + ")"
		args = append(args, row.Mailbox[:], row.Exact[:])
	}
	return storage.Statement{
		Doing: "note the addresses of mailboxes", Args: args,
		SQL: `INSERT INTO mailboxes (` + mailboxColumns + `) VALUES ` + strings.Join(places, ", ") + ` ON CONFLICT (` + mailboxColumns + `) DO NOTHING`,
	}
}

// CopyMailbox adds to a mailbox the exact subjects of another one.
func CopyMailbox(to, from [16]byte) storage.Statement {
	return storage.Statement{
		Doing: "note the addresses of a mailbox under another key",
		SQL: `INSERT INTO mailboxes (` + mailboxColumns + `) SELECT $1, digest FROM mailboxes WHERE mailbox = $2
			ON CONFLICT (` + mailboxColumns + `) DO NOTHING`,
		Args: []any{to[:], from[:]},
	}
}

// DropMailbox deletes a row, if there is one.
func DropMailbox(row Mailbox) storage.Statement {
	return storage.Statement{
		Doing: "forget an address of a mailbox", SQL: `DELETE FROM mailboxes WHERE mailbox = $1 AND digest = $2`,
		Args: []any{row.Mailbox[:], row.Exact[:]},
	}
}

// heldExactly is the condition that the exact subject of a row holds an address. The form of those is 1.
const heldExactly = `EXISTS (SELECT 1 FROM subjects s WHERE s.form = 1 AND s.digest = mailboxes.digest AND s.address IS NOT NULL)`

// LeftMailboxes returns rows whose exact subject holds no address, at most limit of them: what a program leaves that erases and does not know
// the table.
func LeftMailboxes(ctx context.Context, from storage.TableReader, limit int) ([]Mailbox, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read which addresses of mailboxes are held no more", Args: []any{limit},
		SQL: `SELECT ` + mailboxColumns + ` FROM mailboxes WHERE NOT ` + heldExactly + ` LIMIT $1`,
	}, scanMailbox)
	return rows, err
}

// DropLeftMailbox deletes a row, unless its exact subject holds an address. It is run under the lock of the head: a transaction that is under way may give
// the subject its address again and find the row.
func DropLeftMailbox(row Mailbox) storage.Statement {
	s := DropMailbox(row)
	s.SQL += ` AND NOT ` + heldExactly
	return s
}

func scanMailbox(scan storage.Scan) (Mailbox, error) {
	var m Mailbox
	var mailbox, exact []byte
	if err := scan(&mailbox, &exact); err != nil {
		return Mailbox{}, err
	}
	if err := column.Fixed("mailboxes.mailbox", m.Mailbox[:], mailbox); err != nil {
		return Mailbox{}, err
	}
	return m, column.Fixed("mailboxes.digest", m.Exact[:], exact)
}

// MailboxFill is how far a database of an older program has come with the rows of mailboxes that it lacks.
type MailboxFill struct {
	After consent.SubjectID // the subjects with greater ids are to be looked at
	// Passes is how many passes over all subjects are left, this one included. Due is when it may begin.
	Passes int64
	Due    consent.Instant
}

// MailboxFills returns how far the database has come, if it lacks rows.
func MailboxFills(ctx context.Context, from storage.TableReader) ([]MailboxFill, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read which addresses of mailboxes are missing", SQL: `SELECT subject, passes, due_time FROM mailboxes_fill`,
	}, func(scan storage.Scan) (MailboxFill, error) {
		var f MailboxFill
		var after []byte
		if err := scan(&after, &f.Passes, (*int64)(&f.Due)); err != nil {
			return f, err
		}
		return f, column.Fixed("mailboxes_fill.subject", f.After[:], after)
	})
	return rows, err
}

// NoteMailboxFill stores how far the database has come: it lacks nothing once no pass is left.
func NoteMailboxFill(f MailboxFill) storage.Statement {
	if f.Passes == 0 {
		return storage.Statement{Doing: "note that no address of a mailbox is missing", SQL: `DELETE FROM mailboxes_fill`}
	}
	return storage.Statement{
		Doing: "note which addresses of mailboxes are missing", SQL: `UPDATE mailboxes_fill SET subject = $1, passes = $2, due_time = $3`,
		Args: []any{f.After[:], f.Passes, int64(f.Due)},
	}
}
