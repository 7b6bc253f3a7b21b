package access

import (
	"context"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables"
)

// The hash of a secret is compared as a whole, of a client that is cached and of one that is read anew.
func TestAuthenticate_HashThatDiffersInOneByte_IsRefused(t *testing.T) {
	key, hash, err := NewKey("shop")
	if err != nil {
		t.Fatal(err)
	}
	known := tables.Client{ID: "shop", KeyHash: hash}
	g := &Guard{
		Env:       &env.Env{Clock: time.Now},
		clients:   &clientCache{version: 1, byID: map[string]tables.Client{"shop": known}},
		refresher: newClientRefresher(func(context.Context) error { return nil }),
	}
	who, err := g.Authenticate(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	for i := range known.KeyHash {
		forged := known
		forged.KeyHash[i] ^= 1
		g.clients.byID["shop"] = forged
		if _, err := g.Authenticate(t.Context(), key); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("byte %d, cached: %v", i, err)
		}
		if _, err := who.withClient(&forged, 2); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("byte %d, read anew: %v", i, err)
		}
	}
	g.clients.byID["shop"] = known
	if _, err := g.Authenticate(t.Context(), key); err != nil {
		t.Error(err)
	}
}
