package casetable

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// Notice is what a department, a desk, a member of one or the officers are told. It names what it is about, and no person that is written to.
type Notice struct {
	ID         [16]byte // digest of all but the times: the same notice twice is one
	Audience   string   // department, desk, member or officer
	Recipient  string   // the id of the department, or of the member; empty for officers
	Department string   // whose clients see it; empty: only those of all departments
	Kind       string
	Resource   string // what it is about, such as cases/2026-000123
	Created    consent.Instant
	Told       consent.Instant // when it was sent by mail; zero: it was not
}

const noticeColumns = `id, audience, recipient, department, kind, resource, created_time, told_time`

// AddNotice adds a notice, unless there is one of its id.
func AddNotice(n *Notice) storage.Statement {
	return storage.Statement{
		Doing: "store a notice", SQL: portable.InsertInto("notices", noticeColumns) + " ON CONFLICT DO NOTHING",
		Args: []any{
			n.ID[:], n.Audience, n.Recipient, n.Department, n.Kind, n.Resource, int64(n.Created), column.InstantOrNull(n.Told),
		},
	}
}

// NoticeOf returns the notice with an id, if there is one.
func NoticeOf(ctx context.Context, from storage.TableReader, id [16]byte) ([]Notice, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read a notice", SQL: `SELECT ` + noticeColumns + ` FROM notices WHERE id = $1`, Args: []any{id[:]},
	}, scanNotice)
	return rows, err
}

// Notices returns notices, the last first, after one of which the time and the id count, or all if the time is zero; only those of a
// department and of a recipient, unless these are empty; at most limit of them.
func Notices(
	ctx context.Context, from storage.TableReader, department, recipient string, after *Notice, limit int,
) ([]Notice, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read notices",
		SQL: `SELECT ` + noticeColumns + ` FROM notices WHERE (department = $1 OR CAST($2 AS integer) = 1)
			AND (recipient = $3 OR CAST($4 AS integer) = 1)
			AND ((created_time, id) < ($5, $6) OR CAST($7 AS integer) = 1) ORDER BY created_time DESC, id DESC LIMIT $8`,
		Args: []any{
			department, portable.OneIf(department == ""), recipient, portable.OneIf(recipient == ""), int64(after.Created), after.ID[:],
			portable.OneIf(after.Created == 0), max(limit, 0),
		},
	}, scanNotice)
	return rows, err
}

// UnplannedNotices returns the notices made at or after an instant for which it was not planned yet who gets a mail, the first ones first; at most
// limit of them.
func UnplannedNotices(ctx context.Context, from storage.TableReader, since consent.Instant, limit int) ([]Notice, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read the notices to send",
		SQL:   `SELECT ` + noticeColumns + ` FROM notices WHERE planned_time IS NULL AND created_time >= $1 ORDER BY created_time, id LIMIT $2`,
		Args:  []any{int64(since), max(limit, 0)},
	}, scanNotice)
	return rows, err
}

// NoticePlanned notes that it was planned who gets a mail with a notice, which may be no member at all.
func NoticePlanned(id [16]byte, at consent.Instant) storage.Statement {
	return storage.Statement{
		Doing: "note that a notice was planned", SQL: `UPDATE notices SET planned_time = $2 WHERE id = $1 AND planned_time IS NULL`,
		Args: []any{id[:], int64(at)},
	}
}

// NoticeTold notes that a notice was sent by mail, unless it was before.
func NoticeTold(id [16]byte, at consent.Instant) storage.Statement {
	return storage.Statement{
		Doing: "note that a notice was sent", SQL: `UPDATE notices SET told_time = $2 WHERE id = $1 AND told_time IS NULL`,
		Args: []any{id[:], int64(at)},
	}
}

// DropOldNotices deletes the notices that were made before an instant.
func DropOldNotices(before consent.Instant) storage.Statement {
	return storage.Statement{
		Doing: "delete old notices", SQL: `DELETE FROM notices WHERE created_time < $1`, Args: []any{int64(before)},
	}
}

func scanNotice(scan storage.Scan) (Notice, error) {
	var n Notice
	var id []byte
	var told *int64
	err := scan(&id, &n.Audience, &n.Recipient, &n.Department, &n.Kind, &n.Resource, (*int64)(&n.Created), &told)
	if err != nil {
		return Notice{}, err
	}
	n.Told = column.Instant(told)
	return n, column.Fixed("notices.id", n.ID[:], id)
}
