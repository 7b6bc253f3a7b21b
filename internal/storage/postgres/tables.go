package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/storage"
)

// WriteTables runs statements on tables that are not the ledger's, in one round trip.
func (s *Store) WriteTables(ctx context.Context, statements ...storage.Statement) error {
	const doing = "write tables"
	if len(statements) == 0 {
		return nil
	}
	ctx, release := s.enter(ctx)
	defer release()
	if err := storage.CheckStatements(statements); err != nil {
		return s.fail(ctx, doing, err)
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return s.fail(ctx, doing, err)
	}
	defer conn.Release() // closes the connection if its transaction has not ended
	var head storage.Head
	batch := &pgx.Batch{}
	batch.Queue(beginWrite)
	batch.Queue(selectHead).Query(scanHead(&head))
	queueTables(batch, statements)
	return s.fail(ctx, doing, commitBatch(ctx, conn, batch))
}

// queueTables queues statements on tables that are not the ledger's.
func queueTables(batch *pgx.Batch, statements []storage.Statement) {
	for i := range statements {
		batch.Queue(statements[i].SQL, statements[i].Args...)
	}
}
