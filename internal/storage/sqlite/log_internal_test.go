package sqlite

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/testkit"
)

// grow writes the number of megabytes to the log, without a word to the mover.
func grow(t *testing.T, s *Store, megabytes int) {
	t.Helper()
	for range megabytes {
		if err := advance(t.Context(), s, 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	s.mover.pages.Store(0)
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestMover_LogIsLong_MovesItWithoutACommit(t *testing.T) {
	s, path := openTest(t)
	grow(t, s, 24)
	if size := sizeOf(t, path); size > 8<<20 {
		t.Fatalf("the database has %d bytes: a commit moved the log", size)
	}
	s.mover.wrote(moveEvery * rowsPerPage)
	testkit.Eventually(t, time.Minute, "the log is moved", func() bool { return sizeOf(t, path) > 16<<20 })
}

func TestWrite_LogWasNotMoved_CommitBoundsIt(t *testing.T) {
	s, path := openTest(t)
	grow(t, s, 200)
	if size := sizeOf(t, path+"-wal"); size > 80<<20 {
		t.Errorf("the log has %d bytes", size)
	}
}

func TestPurge_LogIsBeingMoved_Waits(t *testing.T) {
	s, _ := openTest(t)
	moving, err := s.acquire(t.Context(), s.mover.conn)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	purged := make(chan error, 1)
	go func() { purged <- s.Purge(ctx) }()
	testkit.Eventually(t, time.Minute, "the purge has begun", func() bool { return len(s.writer) == 0 })
	cancel()
	if err := <-purged; !errors.Is(err, context.Canceled) {
		t.Errorf("Purge returned %v while the log was moved", err)
	}
	s.giveBack(s.mover.conn, moving)
	if err := s.Purge(t.Context()); err != nil {
		t.Error(err)
	}
}
