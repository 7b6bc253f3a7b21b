package storagetest

import (
	"context"
	"errors"
	"testing"

	"github.com/assent-io/assent/internal/storage"
)

func contextTests() []Test {
	return []Test{
		{"Calls_CancelledContext_ReturnItsError", testCancelled},
		{"Write_CancelledWhileWaiting_StoresNothing", testCancelledWaiting},
		{"Write_CancelledInDecide_StoresNothing", testCancelledDeciding},
	}
}

func testCancelled(t *testing.T, open Open) {
	store := Initialised(t, open)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	fails(ctx, t, store, context.Canceled)
	appendAll(t, store, 1)
}

func testCancelledWaiting(t *testing.T, open Open) {
	store := Initialised(t, open)
	err := store.Write(t.Context(), storage.Load{}, func(context.Context, storage.Tx) (*storage.Changes, error) {
		ctx, cancel := context.WithCancel(t.Context())
		waited := make(chan error, 1)
		go func() {
			_, err := append1(ctx, store, 1)
			waited <- err
		}()
		cancel()
		if err := <-waited; !errors.Is(err, context.Canceled) {
			t.Errorf("the write that waited returned the error %v, want that of its context", err)
		}
		return nil, nil
	})
	NoError(t, "Write", err)
	hold(t, store, &storage.Changes{Head: head(0)})
	appendAll(t, store, 1)
}

func testCancelledDeciding(t *testing.T, open Open) {
	store := Initialised(t, open)
	ctx, cancel := context.WithCancel(t.Context())
	err := store.Write(ctx, storage.Load{}, func(context.Context, storage.Tx) (*storage.Changes, error) {
		cancel()
		return everything(), nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Write returned the error %v, want that of its context", err)
	}
	hold(t, store, &storage.Changes{Head: head(0)})
	appendAll(t, store, 1)
}
