package postgres

import (
	"context"

	"github.com/assent-io/assent/internal/storage"
)

const selectSize = `SELECT pg_database_size(current_database())`

// Size returns how many bytes the database takes on disk, its indexes included.
func (s *Store) Size(ctx context.Context) (size int64, err error) {
	_, err = s.view(ctx, "read the size of the database", selectSize, nil, func(scan storage.Scan) error { return scan(&size) })
	return size, err
}
