// Package sendtable has the tables of planned mailings, what is said about them and whom they meet. It is a part of package tables, with what
// holds there.
package sendtable

import (
	"context"
	"math"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// Send is a planned mailing.
type Send struct {
	ID          string
	Channel     string
	Sender      string // the sender identity
	Department  string // of the channel
	Sealed      []byte // subject, link and digest of its content
	From, Until consent.Instant
	Expected    int64 // recipients
	Priority    int64

	State        campaign.State
	CommentUntil consent.Instant // since when silence clears it, while it is planned
	Objections   int64           // departments that object
	Cleared      consent.Instant // zero: it is not
	ClearedBy    campaign.Cause  // empty: it is not

	Created   consent.Instant
	CreatedBy string // id of a client
	Updated   consent.Instant
	Revision  int64 // counts the changes, from 1 on
	Comments  int64 // how many rows it has in send_comments
	Started   consent.Instant
	Ended     consent.Instant // when it was sent or cancelled; zero: neither
	Previewed consent.Instant // zero: never
	Preview   string          // what the last preview counted, as JSON; empty: there was none
	ChangedBy string          // ids of the clients that changed the plan since, each once, with a space between two
	Keeping   consent.Instant // names the last preview that was to keep its audience: when it began; zero: there was none
}

// Plan returns the send without what is sealed.
func (s *Send) Plan() campaign.Send {
	return campaign.Send{
		ID: s.ID, Channel: s.Channel, SenderIdentity: s.Sender, Department: s.Department,
		Window: campaign.Window{From: int64(s.From), Until: int64(s.Until)}, ExpectedSize: s.Expected, Priority: int(s.Priority), State: s.State,
		CommentUntil: int64(s.CommentUntil), Objections: int(s.Objections), ClearedTime: int64(s.Cleared), ClearedBy: s.ClearedBy,
	}
}

const sendColumns = `id, channel, sender, department, sealed, from_time, until_time, expected_size, priority, state, comment_until, objections,
	cleared_time, cleared_by, created_time, created_by, updated_time, revision, comments, started_time, ended_time, previewed_time, preview,
	changed_by, keeping_time`

// SendOf returns the send with the id, if there is one.
func SendOf(ctx context.Context, from storage.TableReader, id string) ([]Send, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read a send", SQL: `SELECT ` + sendColumns + ` FROM sends WHERE id = $1`, Args: []any{id},
	}, scanSend)
	return rows, err
}

// SendFilter says which sends to read. A field that is zero leaves nothing out.
type SendFilter struct {
	Channel    string
	Department string
	State      campaign.State
	From       consent.Instant // those with a window that ends after it
	Until      consent.Instant // those with a window that begins before it
}

// Sends returns sends by the beginning of their window, then by id, at most limit of them: those after a send of which the beginning and the id
// count. The zero one is before all.
func Sends(ctx context.Context, from storage.TableReader, f *SendFilter, after *Send, limit int) ([]Send, error) {
	until := int64(f.Until)
	if until == 0 {
		until = math.MaxInt64
	}
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read sends",
		SQL: `SELECT ` + sendColumns + ` FROM sends WHERE ($1 = '' OR channel = $1) AND ($2 = '' OR department = $2) AND ($3 = '' OR state = $3)
			AND until_time > $4 AND from_time < $5 AND (from_time, id) > ($6, $7) ORDER BY from_time, id LIMIT $8`,
		Args: []any{f.Channel, f.Department, string(f.State), int64(f.From), until, int64(after.From), after.ID, max(limit, 0)},
	}, scanSend)
	return rows, err
}

// LiveSends returns the sends that are planned, cleared or sending and whose window ends after an instant, by the beginning of their window.
func LiveSends(ctx context.Context, from storage.TableReader, after consent.Instant) (storage.Head, []Send, error) {
	return portable.List(ctx, from, storage.Statement{
		Doing: "read live sends",
		SQL:   `SELECT ` + sendColumns + ` FROM sends WHERE state IN ('planned', 'cleared', 'sending') AND until_time > $1 ORDER BY from_time, id`,
		Args:  []any{int64(after)},
	}, scanSend)
}

// SendsInSilence returns the ids of the planned sends without an objection whose time for comments was over at an instant, at most limit of them.
func SendsInSilence(ctx context.Context, from storage.TableReader, at consent.Instant, limit int) ([]string, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read sends that silence clears",
		SQL:   `SELECT id FROM sends WHERE state = 'planned' AND objections = 0 AND comment_until <= $1 ORDER BY comment_until, id LIMIT $2`,
		Args:  []any{int64(at), max(limit, 0)},
	}, func(scan storage.Scan) (id string, err error) { return id, scan(&id) })
	return rows, err
}

// SendStates returns how many sends there are in each state that any has.
func SendStates(ctx context.Context, from storage.TableReader) (map[string]int64, error) {
	counts := map[string]int64{}
	_, _, err := portable.List(ctx, from, storage.Statement{
		Doing: "count sends", SQL: `SELECT state, COUNT(*) FROM sends GROUP BY state`,
	}, func(scan storage.Scan) (struct{}, error) {
		var state string
		var n int64
		err := scan(&state, &n)
		counts[state] = n
		return struct{}{}, err
	})
	return counts, err
}

// AddSend adds a send; that its id exists already is an error.
func AddSend(s *Send) storage.Statement {
	return storage.Statement{Doing: "store a send", SQL: portable.InsertInto("sends", sendColumns), Args: sendArgs(s)}
}

// ChangeSend stores a send in the place of the one with its id.
func ChangeSend(s *Send) storage.Statement {
	return storage.Statement{Doing: "change a send", SQL: portable.ReplaceIn("sends", "id", sendColumns), Args: sendArgs(s)}
}

func sendArgs(s *Send) []any {
	return []any{
		s.ID, s.Channel, s.Sender, s.Department, column.NotNull(s.Sealed), int64(s.From), int64(s.Until), s.Expected, s.Priority, string(s.State),
		int64(s.CommentUntil), s.Objections, column.InstantOrNull(s.Cleared), string(s.ClearedBy), int64(s.Created), s.CreatedBy, int64(s.Updated),
		s.Revision, s.Comments, column.InstantOrNull(s.Started), column.InstantOrNull(s.Ended), column.InstantOrNull(s.Previewed), s.Preview,
		s.ChangedBy, column.InstantOrNull(s.Keeping),
	}
}

func scanSend(scan storage.Scan) (Send, error) {
	var s Send
	var state, clearedBy string
	var cleared, started, ended, previewed, keeping *int64
	err := scan(&s.ID, &s.Channel, &s.Sender, &s.Department, &s.Sealed, (*int64)(&s.From), (*int64)(&s.Until), &s.Expected, &s.Priority, &state,
		(*int64)(&s.CommentUntil), &s.Objections, &cleared, &clearedBy, (*int64)(&s.Created), &s.CreatedBy, (*int64)(&s.Updated), &s.Revision,
		&s.Comments, &started, &ended, &previewed, &s.Preview, &s.ChangedBy, &keeping)
	s.State, s.ClearedBy = campaign.State(state), campaign.Cause(clearedBy)
	s.Cleared, s.Started, s.Ended = column.Instant(cleared), column.Instant(started), column.Instant(ended)
	s.Previewed, s.Keeping = column.Instant(previewed), column.Instant(keeping)
	return s, err
}
