package tables

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// Client is a program that may call the API.
type Client struct {
	ID             string
	Department     string
	AllDepartments bool
	Scopes         []string
	Lists          []string // external lists that are its own, which it may lift
	KeyHash        [32]byte
	KeyExpires     consent.Instant // zero: never
	PriorHash      [32]byte        // of the key before, which holds beside it; zero: there is none
	PriorExpires   consent.Instant // of the key before; zero: never
	Created        consent.Instant
	Revoked        consent.Instant // zero: not
}

const clientColumns = `id, department, all_departments, scopes, lists, key_hash, created_time, revoked_time, key_expires_time,
	prior_key_hash, prior_key_expires_time`

// Clients returns all clients by id.
func Clients(ctx context.Context, from storage.TableReader) (storage.Head, []Client, error) {
	return portable.List(ctx, from, storage.Statement{
		Doing: "read clients", SQL: `SELECT ` + clientColumns + ` FROM clients ORDER BY id`,
	}, scanClient)
}

// PutClient adds a client, or replaces the one that has its id. It belongs under the lock of the head, which has the version of the clients.
func PutClient(c *Client) storage.Statement {
	return storage.Statement{Doing: "store a client", SQL: portable.ReplaceIn("clients", "id", clientColumns), Args: []any{
		c.ID, c.Department, c.AllDepartments, column.PackWords(c.Scopes), column.PackWords(c.Lists), c.KeyHash[:], int64(c.Created),
		column.InstantOrNull(c.Revoked), column.InstantOrNull(c.KeyExpires), column.HashOrNull(c.PriorHash),
		column.InstantOrNull(c.PriorExpires),
	}}
}

func scanClient(scan storage.Scan) (Client, error) {
	var c Client
	var scopes, lists string
	var hash, prior []byte
	var revoked, expires, priorExpires *int64
	err := scan(&c.ID, &c.Department, &c.AllDepartments, &scopes, &lists, &hash, (*int64)(&c.Created), &revoked, &expires, &prior,
		&priorExpires)
	if err != nil {
		return Client{}, err
	}
	c.Scopes, c.Lists, c.Revoked = column.UnpackWords(scopes), column.UnpackWords(lists), column.Instant(revoked)
	c.KeyExpires, c.PriorExpires = column.Instant(expires), column.Instant(priorExpires)
	if len(prior) > 0 {
		if err := column.Fixed("clients.prior_key_hash", c.PriorHash[:], prior); err != nil {
			return Client{}, err
		}
	}
	return c, column.Fixed("clients.key_hash", c.KeyHash[:], hash)
}
