package tables

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// The states of hints.
const (
	HintOpen      = "open"
	HintAccepted  = "accepted"
	HintDismissed = "dismissed"
)

// Hint is a report of what came back that proves nothing by itself, and waits for a person to decide about it.
type Hint struct {
	ID         [16]byte // keyed digest of the report: the same report twice is one hint
	Exact      [32]byte // keyed digest of the exact address
	Folded     [32]byte // and of its folded form
	Sealed     []byte   // the address and what was said
	Kind       string
	Class      string // of a bounce
	Source     string // by which way it came
	Cause      string // why it is only a hint
	Channel    string // empty: not known
	Department string // of the channel
	Report     consent.Instant
	Received   consent.Instant
	State      string
	Decided    consent.Instant // zero: it is open
	DecidedBy  string
}

const hintColumns = `id, exact, folded, sealed, kind, class, source, cause, channel, department, report_time, received_time, state,
	decided_time, decided_by`

// AddHint adds a hint, unless there is one of its id.
func AddHint(h *Hint) storage.Statement {
	return storage.Statement{
		Doing: "store a hint", SQL: portable.InsertInto("hints", hintColumns) + " ON CONFLICT DO NOTHING",
		Args: []any{
			h.ID[:], h.Exact[:], h.Folded[:], column.NotNull(h.Sealed), h.Kind, h.Class, h.Source, h.Cause, h.Channel, h.Department,
			column.InstantOrNull(h.Report), int64(h.Received), h.State, column.InstantOrNull(h.Decided), h.DecidedBy,
		},
	}
}

// HintOf returns the hint with an id, if there is one.
func HintOf(ctx context.Context, from storage.TableReader, id [16]byte) ([]Hint, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read a hint", SQL: `SELECT ` + hintColumns + ` FROM hints WHERE id = $1`, Args: []any{id[:]},
	}, scanHint)
	return rows, err
}

// Hints returns hints, those received last first, after a hint of which the time and the id count, or all if the time is zero; only those of a
// department and of a state, unless these are empty; at most limit of them.
func Hints(
	ctx context.Context, from storage.TableReader, department, state string, after *Hint, limit int,
) ([]Hint, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read hints",
		SQL: `SELECT ` + hintColumns + ` FROM hints WHERE (department = $1 OR CAST($2 AS integer) = 1) AND (state = $3 OR CAST($4 AS integer) = 1)
			AND ((received_time, id) < ($5, $6) OR CAST($7 AS integer) = 1) ORDER BY received_time DESC, id DESC LIMIT $8`,
		Args: []any{
			department, portable.OneIf(department == ""), state, portable.OneIf(state == ""), int64(after.Received), after.ID[:], portable.OneIf(after.Received == 0),
			max(limit, 0),
		},
	}, scanHint)
	return rows, err
}

// CountHints returns how many hints are open.
func CountHints(ctx context.Context, from storage.TableReader) (open int64, err error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "count hints", SQL: `SELECT COUNT(*) FROM hints WHERE state = 'open'`,
	}, func(scan storage.Scan) (n int64, err error) { return n, scan(&n) })
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return rows[0], nil
}

// DecideHint stores what was decided about a hint that is open.
func DecideHint(h *Hint) storage.Statement {
	return storage.Statement{
		Doing: "decide about a hint",
		SQL:   `UPDATE hints SET state = $2, decided_time = $3, decided_by = $4, channel = $5, department = $6 WHERE id = $1 AND state = 'open'`,
		Args:  []any{h.ID[:], h.State, int64(h.Decided), h.DecidedBy, h.Channel, h.Department},
	}
}

// DropHintsAbout deletes the hints about an address by the digest of its exact or of its folded form.
func DropHintsAbout(exact, folded [32]byte) storage.Statement {
	return storage.Statement{
		Doing: "delete hints about an address", SQL: `DELETE FROM hints WHERE exact = $1 OR folded = $2`, Args: []any{exact[:], folded[:]},
	}
}

// DropOldHints deletes the hints that were received before an instant, whatever their state.
func DropOldHints(before consent.Instant) storage.Statement {
	return storage.Statement{
		Doing: "delete old hints", SQL: `DELETE FROM hints WHERE received_time < $1`, Args: []any{int64(before)},
	}
}

func scanHint(scan storage.Scan) (Hint, error) {
	var h Hint
	var id, exact, folded []byte
	var report, decided *int64
	err := scan(&id, &exact, &folded, &h.Sealed, &h.Kind, &h.Class, &h.Source, &h.Cause, &h.Channel, &h.Department, &report,
		(*int64)(&h.Received), &h.State, &decided, &h.DecidedBy)
	if err != nil {
		return Hint{}, err
	}
	h.Report, h.Decided = column.Instant(report), column.Instant(decided)
	if err := column.Fixed("hints.exact", h.Exact[:], exact); err != nil {
		return Hint{}, err
	}
	if err := column.Fixed("hints.folded", h.Folded[:], folded); err != nil {
		return Hint{}, err
	}
	return h, column.Fixed("hints.id", h.ID[:], id)
}
