package sqlite

import (
	"context"

	"github.com/assent-io/assent/internal/storage"
)

// WriteTables runs statements on tables that are not the ledger's.
func (s *Store) WriteTables(ctx context.Context, statements ...storage.Statement) error {
	return s.locked(ctx, "write tables", func(c *conn) error {
		if err := storage.CheckStatements(statements); err != nil {
			return err
		}
		if _, err := c.head(); err != nil {
			return err
		}
		return c.storeTables(statements)
	})
}

// storeTables runs statements on tables that are not the ledger's.
func (c *conn) storeTables(statements []storage.Statement) error {
	for i := range statements {
		if _, err := c.exec(statements[i].SQL, statements[i].Args...); err != nil {
			return err
		}
	}
	return nil
}
