package tables

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// SourceToken is a text that comes with one request of a provider only, and the body that it came with first.
type SourceToken struct {
	Source string
	Token  [32]byte // its SHA-256
	Body   [32]byte // SHA-256 of the body
	Until  consent.Instant
}

const sourceTokenColumns = `source, token, body, until_time`

// SourceTokenOf returns the row of a token, if there is one.
func SourceTokenOf(ctx context.Context, from storage.TableReader, source string, token [32]byte) ([]SourceToken, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read a token of a source", SQL: `SELECT ` + sourceTokenColumns + ` FROM source_tokens WHERE source = $1 AND token = $2`,
		Args: []any{source, token[:]},
	}, scanSourceToken)
	return rows, err
}

// AddSourceToken adds a token, unless the source has it: which body came first is read afterwards.
func AddSourceToken(t *SourceToken) storage.Statement {
	return storage.Statement{
		Doing: "store a token of a source", SQL: portable.InsertInto("source_tokens", sourceTokenColumns) + " ON CONFLICT DO NOTHING",
		Args: []any{t.Source, t.Token[:], t.Body[:], int64(t.Until)},
	}
}

// DropSourceTokens deletes the tokens whose time is over at an instant.
func DropSourceTokens(now consent.Instant) storage.Statement {
	return storage.Statement{
		Doing: "delete old tokens of sources", SQL: `DELETE FROM source_tokens WHERE until_time <= $1`, Args: []any{int64(now)},
	}
}

func scanSourceToken(scan storage.Scan) (SourceToken, error) {
	var t SourceToken
	var token, body []byte
	if err := scan(&t.Source, &token, &body, (*int64)(&t.Until)); err != nil {
		return SourceToken{}, err
	}
	if err := column.Fixed("source_tokens.token", t.Token[:], token); err != nil {
		return SourceToken{}, err
	}
	return t, column.Fixed("source_tokens.body", t.Body[:], body)
}
