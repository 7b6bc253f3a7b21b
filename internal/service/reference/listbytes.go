package reference

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// chunksAtOnce is how many chunks of stored bytes are read at once.
const chunksAtOnce = 16

// ErrListBytes is the error of a database in which the bytes of a version of an external list are not those that were stored.
var ErrListBytes = errors.New("stored bytes of an external list are missing or were altered")

// StoredList returns the stored bytes of a version of an external list, by their SHA-256. Errors: ErrListBytes, and those of the store.
func StoredList(ctx context.Context, from storage.TableReader, sum [32]byte) ([]byte, error) {
	var body []byte
	for r := (listReader{ctx: ctx, from: from, sum: sum}); ; {
		chunk, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		body = append(body, chunk...)
	}
	if sha256.Sum256(body) != sum {
		return nil, fmt.Errorf("%w: those with the SHA-256 %x", ErrListBytes, sum)
	}
	return slices.Clip(body), nil
}

// ReadStoredList returns a reader of stored bytes, which keeps few of them in memory and does not see whether they were altered. Its errors are
// those of the store.
func ReadStoredList(ctx context.Context, from storage.TableReader, sum [32]byte) io.Reader {
	return &listReader{ctx: ctx, from: from, sum: sum}
}

type listReader struct {
	ctx    context.Context
	from   storage.TableReader
	sum    [32]byte
	number int64    // of the next chunk to read
	chunks [][]byte // that were read
	last   bool     // there are no more
	rest   []byte   // of a chunk
}

// next returns the next chunk; io.EOF after the last.
func (r *listReader) next() ([]byte, error) {
	if len(r.chunks) == 0 && !r.last {
		var err error
		if r.chunks, err = tables.ListChunks(r.ctx, r.from, r.sum, r.number, chunksAtOnce); err != nil {
			return nil, env.StoreFault(err)
		}
		r.number, r.last = r.number+chunksAtOnce, len(r.chunks) < chunksAtOnce
	}
	if len(r.chunks) == 0 {
		return nil, io.EOF
	}
	chunk := r.chunks[0]
	r.chunks = r.chunks[1:]
	return chunk, nil
}

// Read implements io.Reader.
func (r *listReader) Read(into []byte) (n int, err error) {
	for len(r.rest) == 0 {
		if r.rest, err = r.next(); err != nil {
			return 0, err
		}
	}
	n = copy(into, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
