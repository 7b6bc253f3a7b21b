package sqlite

import (
	"context"

	"github.com/assent-io/assent/internal/storage"
)

const selectSize = `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`

// Size returns how many bytes the database takes on disk, its indexes included, but for its log.
func (s *Store) Size(ctx context.Context) (size int64, err error) {
	_, err = s.query(ctx, "read the size of the database", selectSize, nil, func(scan storage.Scan) error { return scan(&size) })
	return size, err
}
