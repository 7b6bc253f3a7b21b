package casetable

import (
	"context"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// The states of mails with notices.
const (
	MailWaiting = "waiting"
	MailSent    = "sent"
	MailDropped = "dropped" // it was given up
)

// NoticeMail is a mail that tells a member of a desk, or the officers, of notices.
type NoticeMail struct {
	ID         [16]byte // random; the Message-ID is made of it
	Department string   // whose desk the member is of; empty: it goes to the officers
	Member     string   // empty: it goes to the officers
	Notices    [][16]byte
	State      string
	Created    consent.Instant
	Due        consent.Instant // when it is tried next, while it waits
	Attempts   int64           // those that were begun
	// Handed says that a mail server may have it: its notices stay what they are, so that it is the same mail when it is sent again.
	Handed     bool
	Lease      []byte // which attempt is under way; empty: none was yet
	LeaseUntil consent.Instant
	Failure    string // what came of the last attempt that failed; empty: none did
}

const noticeMailColumns = `id, department, member, notices, state, created_time, due_time, attempts, handed, lease, lease_until, failure`

// PutNoticeMail stores a mail, in the place of the one with its id.
func PutNoticeMail(m *NoticeMail) storage.Statement {
	notices := make([]byte, 0, len(m.Notices)*16)
	for _, id := range m.Notices {
		notices = append(notices, id[:]...)
	}
	return storage.Statement{
		Doing: "store a mail with notices", SQL: portable.ReplaceIn("notice_mails", "id", noticeMailColumns),
		Args: []any{
			m.ID[:], m.Department, m.Member, notices, m.State, int64(m.Created), int64(m.Due), m.Attempts, portable.OneIf(m.Handed),
			column.NotNull(m.Lease), int64(m.LeaseUntil), m.Failure,
		},
	}
}

// NoticeMailOf returns the mail with an id, if there is one.
func NoticeMailOf(ctx context.Context, from storage.TableReader, id [16]byte) ([]NoticeMail, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read a mail with notices", SQL: `SELECT ` + noticeMailColumns + ` FROM notice_mails WHERE id = $1`, Args: []any{id[:]},
	}, scanNoticeMail)
	return rows, err
}

// OpenNoticeMails returns the mails that wait and that no mail server can have, by their time and id: more notices can be put into them.
func OpenNoticeMails(ctx context.Context, from storage.TableReader) ([]NoticeMail, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read the mails that notices can join",
		SQL:   `SELECT ` + noticeMailColumns + ` FROM notice_mails WHERE state = 'waiting' AND handed = 0 ORDER BY created_time, id`,
	}, scanNoticeMail)
	return rows, err
}

// longestLease is how far ahead the end of an attempt can be: one that ends later was begun by a clock that was wrong, and counts for nothing.
const longestLease = time.Hour

// IsTaken reports whether an attempt has the mail at an instant.
func (m *NoticeMail) IsTaken(now consent.Instant) bool {
	return m.LeaseUntil > now && m.LeaseUntil <= now.Add(longestLease)
}

// DueNoticeMails returns the mails that wait and are due at an instant, and that no attempt has then, by their due time; at most limit of them.
func DueNoticeMails(ctx context.Context, from storage.TableReader, now consent.Instant, limit int) ([]NoticeMail, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read the mails that are due",
		SQL: `SELECT ` + noticeMailColumns + ` FROM notice_mails WHERE state = 'waiting' AND due_time <= $1
			AND (lease_until <= $1 OR lease_until > $2) ORDER BY due_time, id LIMIT $3`,
		Args: []any{int64(now), int64(now.Add(longestLease)), max(limit, 0)},
	}, scanNoticeMail)
	return rows, err
}

// EndNoticeMail stores what came of an attempt, if it still has the mail: the state, when it is due next, whether a server may have it, and why
// it failed.
func EndNoticeMail(m *NoticeMail) storage.Statement {
	return storage.Statement{
		Doing: "note what came of a mail with notices",
		SQL: `UPDATE notice_mails SET state = $3, due_time = $4, handed = $5, failure = $6, lease_until = 0
			WHERE id = $1 AND lease = $2 AND state = 'waiting'`,
		Args: []any{m.ID[:], column.NotNull(m.Lease), m.State, int64(m.Due), portable.OneIf(m.Handed), m.Failure},
	}
}

// DropOldNoticeMails deletes the mails that were made before an instant.
func DropOldNoticeMails(before consent.Instant) storage.Statement {
	return storage.Statement{
		Doing: "delete old mails with notices", SQL: `DELETE FROM notice_mails WHERE created_time < $1`, Args: []any{int64(before)},
	}
}

// NoticeCounts says what waits to be sent by mail.
type NoticeCounts struct {
	Unplanned int64           // notices made since some time of which no mail tells yet
	Waiting   int64           // mails
	Oldest    consent.Instant // when the oldest mail was made that waits; zero: none does
	Dropped   int64           // mails that were given up, as long as they are kept
}

// CountNotices returns what waits to be sent; of the notices those that were made at or after an instant.
func CountNotices(ctx context.Context, from storage.TableReader, since consent.Instant) (NoticeCounts, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "count what waits to be sent",
		SQL: `SELECT (SELECT COUNT(*) FROM notices WHERE planned_time IS NULL AND created_time >= $1),
			(SELECT COUNT(*) FROM notice_mails WHERE state = 'waiting'), (SELECT MIN(created_time) FROM notice_mails WHERE state = 'waiting'),
			(SELECT COUNT(*) FROM notice_mails WHERE state = 'dropped')`,
		Args: []any{int64(since)},
	}, func(scan storage.Scan) (c NoticeCounts, err error) {
		var oldest *int64
		err = scan(&c.Unplanned, &c.Waiting, &oldest, &c.Dropped)
		c.Oldest = column.Instant(oldest)
		return c, err
	})
	if err != nil || len(rows) == 0 {
		return NoticeCounts{}, err
	}
	return rows[0], nil
}

func scanNoticeMail(scan storage.Scan) (NoticeMail, error) {
	var m NoticeMail
	var id, notices []byte
	var handed int64
	err := scan(&id, &m.Department, &m.Member, &notices, &m.State, (*int64)(&m.Created), (*int64)(&m.Due), &m.Attempts, &handed, &m.Lease,
		(*int64)(&m.LeaseUntil), &m.Failure)
	if err != nil {
		return NoticeMail{}, err
	}
	m.Lease, m.Handed = column.OrNull(m.Lease), handed != 0
	for ; len(notices) > 0; notices = notices[16:] {
		var one [16]byte
		if err := column.Fixed("notice_mails.notices", one[:], notices[:min(16, len(notices))]); err != nil {
			return NoticeMail{}, err
		}
		m.Notices = append(m.Notices, one)
	}
	return m, column.Fixed("notice_mails.id", m.ID[:], id)
}
