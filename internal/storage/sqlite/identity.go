package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"

	"github.com/assent-io/assent/internal/storage"
)

// The reasons why a file is refused before anything in it is changed, wrapped with what to do.
var (
	ErrLinked     = errors.New("the file of the database has several names")
	ErrForeignLog = errors.New("the database and the log beside it do not belong together")
)

// identity is which files are open: the database and its log, as they were when the store opened them. A path may come to name another
// file, or none, while SQLite goes on writing into the files that it has open, which are lost when it closes them.
type identity struct {
	path    string
	logPath string
	file    fileID
	log     fileID
}

func (f *file) logPath() string { return f.path + "-wal" }

// identify returns the identity of the files that were opened just now.
func (f *file) identify() (*identity, error) {
	file, err := fileNamed(f.path)
	if err != nil {
		return nil, err
	}
	log, err := fileNamed(f.logPath())
	if err != nil {
		return nil, err
	}
	i := &identity{path: f.path, logPath: f.logPath(), file: file, log: log}
	return i, i.check()
}

// check returns an error unless both paths still name the open files.
func (i *identity) check() error {
	if err := sameFile(i.path, i.file); err != nil {
		return err
	}
	return sameFile(i.logPath, i.log)
}

// usable returns an error that wraps [storage.ErrUnavailable] unless what is written now would be found again.
func (i *identity) usable() error {
	if err := i.check(); err != nil {
		return fmt.Errorf("%w: %w", storage.ErrUnavailable, err)
	}
	return nil
}

func sameFile(path string, open fileID) error {
	named, err := fileNamed(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the file %s was deleted or moved away while it was in use, so nothing is recorded any more: stop the server, "+
			"and bring the file back from a backup", path)
	case err != nil:
		return err
	case !named.is(open):
		return fmt.Errorf("the file %s was replaced while it was in use, so nothing is recorded any more: stop the server, and start it "+
			"again with the file that is to be used", path)
	}
	return nil
}

// checkLinks refuses a file with several names (hard links): its log and its lock go by one name, so that under another name a second
// server would not see them.
func (f *file) checkLinks() error {
	info, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	if n := links(info); n > 1 {
		return fmt.Errorf("%w: %s is one of %d hard links, and under each of them a server could start without knowing of the others: "+
			"delete the other names, or copy the file instead of linking it", ErrLinked, f.path, n)
	}
	return nil
}

// bytesPerEvent is fewer bytes than an event takes in the log.
const bytesPerEvent = 100

// checkLog refuses a log that cannot be that of the database, which SQLite would copy into it all the same. It is there when a process
// was killed; a file that is restored beside it makes it another's. It changes neither file: a connection for reading copies nothing.
func (f *file) checkLog(ctx context.Context) error {
	log, err := os.Stat(f.logPath())
	if errors.Is(err, fs.ErrNotExist) || err == nil && log.Size() == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	alone, err := f.peek(ctx, "immutable=1", 0)
	if err != nil {
		alone = peeked{} // A crash while the log was copied leaves a file that only the log completes.
	}
	both, err := f.peek(ctx, "mode=ro", log.Size()/bytesPerEvent+1)
	if err == nil && both.whole() && (alone.storeID == nil || string(alone.storeID) == string(both.storeID)) &&
		alone.position <= both.position {
		return nil
	}
	refused := fmt.Errorf("%w: if %s was restored from a backup, move %s and %s-shm away and start again; if not, restore a backup",
		ErrForeignLog, f.path, f.logPath(), f.path)
	return errors.Join(refused, err)
}

// peeked is what is seen of a database without changing it.
type peeked struct {
	storeID  []byte // nil: there is no head
	position int64  // of the last event, as the head says
	last     int64  // position of the last event that is there
	count    int64  // of the last events, as many as were asked for
	wanted   int64
}

// whole reports whether the last events are there without gaps.
func (p *peeked) whole() bool {
	return p.storeID == nil || p.last == p.position && p.count == min(p.wanted, p.position)
}

// peek reads the head and counts the last events. A database without tables or head has none.
func (f *file) peek(ctx context.Context, how string, events int64) (p peeked, err error) {
	u := url.URL{Scheme: "file", Path: f.path, RawQuery: how}
	db, err := openDB(u.String())
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var tables int
	const hasHead = `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('ledger_head', 'events')`
	if err := db.QueryRowContext(ctx, hasHead).Scan(&tables); err != nil || tables < 2 {
		return p, err
	}
	p.wanted = events
	err = db.QueryRowContext(ctx, `SELECT store_id, position FROM ledger_head`).Scan(&p.storeID, &p.position)
	if errors.Is(err, sql.ErrNoRows) {
		return peeked{}, nil
	}
	if err != nil {
		return p, err
	}
	const lastEvents = `SELECT count(*), coalesce(max(position), 0) FROM events WHERE position > ?`
	return p, db.QueryRowContext(ctx, lastEvents, p.position-events).Scan(&p.count, &p.last)
}
