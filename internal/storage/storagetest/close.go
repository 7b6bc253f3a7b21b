package storagetest

import (
	"context"
	"errors"
	"testing"

	"github.com/assent-io/assent/internal/storage"
)

func closeTests() []Test {
	return []Test{
		{"Close_CallsAfterIt_ReturnErrClosed", testClosed},
		{"Close_WriteThatWaits_ReturnsErrClosed", testCloseWhileWaiting},
		{"Close_Again_DoesNothing", testCloseAgain},
		{"Pool_CountsWhatIsInUse_AndAnswersAfterClose", testPool},
	}
}

func testClosed(t *testing.T, open Open) {
	store := Initialised(t, open)
	NoError(t, "Close", store.Close())
	fails(t.Context(), t, store, storage.ErrClosed)
	if err := store.Initialise(t.Context(), head(0)); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("Initialise returned the error %v, want ErrClosed", err)
	}
}

func testCloseAgain(t *testing.T, open Open) {
	store := Initialised(t, open)
	for range 3 {
		NoError(t, "Close", store.Close())
	}
}

func testPool(t *testing.T, open Open) {
	store := Initialised(t, open)
	err := store.Write(t.Context(), storage.Load{}, func(context.Context, storage.Tx) (*storage.Changes, error) {
		if now := store.Pool(); now.InUse < 1 || now.Max < now.InUse+now.Idle {
			t.Errorf("while a write is under way: %+v", now)
		}
		return nil, nil
	})
	NoError(t, "Write", err)
	if now := store.Pool(); now.InUse != 0 || now.Idle < 1 {
		t.Errorf("after the write: %+v", now)
	}
	NoError(t, "Close", store.Close())
	if now := store.Pool(); now.Max < 1 {
		t.Errorf("after Close: %+v", now)
	}
}

// A first write has the lock until the second, which waits for it, has ended. Only Close can end that one.
func testCloseWhileWaiting(t *testing.T, open Open) {
	store := Initialised(t, open)
	locked, waited, closed, first := make(chan struct{}), make(chan error, 1), make(chan error, 1), make(chan error, 1)
	go func() {
		first <- store.Write(t.Context(), storage.Load{}, func(context.Context, storage.Tx) (*storage.Changes, error) {
			close(locked)
			err := <-waited
			waited <- err
			return nil, nil
		})
	}()
	<-locked
	go func() {
		_, err := append1(t.Context(), store, 1)
		waited <- err
	}()
	go func() { closed <- store.Close() }()
	if err := <-first; err != nil && !errors.Is(err, storage.ErrClosed) {
		t.Errorf("the write under way returned the error %v", err)
	}
	if err := <-waited; !errors.Is(err, storage.ErrClosed) {
		t.Errorf("the write that waited returned the error %v, want ErrClosed", err)
	}
	NoError(t, "Close", <-closed)
}
