package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/sqlite"
)

// writeUntilKilled names, in the environment, the database that this test binary writes to, as a process of its own.
const writeUntilKilled = "ASSENT_TEST_WRITE_UNTIL_KILLED"

// writeForever prints the position of each write once it is acknowledged.
func writeForever(path string) error {
	store, err := sqlite.Open(context.Background(), path, sqlite.Options{})
	if err != nil {
		return err
	}
	for {
		position, err := advance(context.Background(), store)
		if err != nil {
			return err
		}
		fmt.Println(position)
	}
}

// advance stores a state that stands where the head does, and so much else that a write takes its time.
func advance(ctx context.Context, store storage.Store) (position int64, err error) {
	err = store.Write(ctx, storage.Load{}, func(_ context.Context, tx storage.Tx) (*storage.Changes, error) {
		head := tx.Loaded().Head
		head.Position++
		position = head.Position
		changes := &storage.Changes{Head: head, Records: []storage.Record{{
			Event: consent.Event{
				Position: position, Recorded: 1, Occurred: 1, Actor: "shop", Key: consent.EventKey{byte(position), byte(position >> 8), 1},
				Facts: consent.Facts{Kind: consent.KindCatalog},
			},
			Header: []byte("header"),
		}}}
		for n := range 100 {
			changes.Subjects = append(changes.Subjects, storage.Subject{Key: key(n), ID: [16]byte{byte(n), 1}})
			changes.States = append(changes.States, storage.State{Subject: [16]byte{byte(n), 1}, Position: position, Packed: make([]byte, 500)})
		}
		return changes, nil
	})
	return position, err
}

func key(n int) storage.SubjectKey {
	return storage.SubjectKey{Form: 1, Digest: [32]byte{byte(n), 31: 1}}
}

func TestStore_ProcessIsKilled_AcknowledgedWritesAreThereAndWhole(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "assent.db")
	store := open(t, path, sqlite.Options{Migrate: true})
	if err := store.Initialise(t.Context(), storage.Head{}); err != nil {
		t.Fatal(err)
	}
	closed(t, store)
	for round := range 5 {
		acknowledged := killAfter(t, path, 3+2*round)
		store := open(t, path, sqlite.Options{})
		head, subjects, err := store.States(t.Context(), []storage.SubjectKey{key(0), key(50), key(99)})
		if err != nil {
			t.Fatal(err)
		}
		if head.Position < acknowledged || head.Position > acknowledged+1 {
			t.Errorf("%d was acknowledged last, but the head stands at %d", acknowledged, head.Position)
		}
		for i := range subjects {
			if subjects[i].State.Position != head.Position {
				t.Errorf("a state stands at %d, the head at %d", subjects[i].State.Position, head.Position)
			}
		}
		closed(t, store)
	}
}

// killAfter has another process write, kills it after n writes, and returns the last position that it acknowledged.
func killAfter(t *testing.T, path string, n int) (acknowledged int64) {
	t.Helper()
	process := exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), writeUntilKilled+"="+path)
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		position, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			t.Fatalf("the process wrote %q", lines.Text())
		}
		acknowledged = position
		if n--; n == 0 {
			if err := process.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := process.Wait(); err == nil || n > 0 {
		t.Fatalf("the process ended by itself: %v", err)
	}
	return acknowledged
}
