package server

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/storage/tables"
)

// claimsPage is how many claims are read at once.
const claimsPage = 100

// Claim is what is kept of an erased person for the defence of claims.
type Claim struct {
	ID    string
	Until time.Time // when it is destroyed
	// Opened reports whether the officer's key opens it; if not, it was sealed for another, and what follows is unknown.
	Opened  bool
	Address string
	Erased  time.Time         // when the erasure was asked for
	Events  []*assentv1.Event // those that lost their evidence, with it, by position
}

// ReadClaims opens the claims of the database that the settings name with the key in an officer's file, and hands on each by its id, but
// for those that have ended. It needs no key file and changes nothing.
func ReadClaims(ctx context.Context, cfg config.Server, officer string, each func(Claim) error) (err error) {
	key, err := seal.OpenClaims(officer)
	if err != nil {
		return err
	}
	if err := mustExist(cfg); err != nil {
		return err
	}
	store, err := openStore(ctx, cfg, opening{now: time.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	head, err := store.Head(ctx)
	if err != nil {
		return fmt.Errorf("read the head: %w", err)
	}
	if head.StoreID != key.StoreID() {
		return errors.New("the officer's key belongs to another database")
	}
	for after := ([16]byte{}); ; {
		page, err := tables.Claims(ctx, store, after, claimsPage)
		if err != nil {
			return fmt.Errorf("read the claims: %w", err)
		}
		for i := range page {
			after = page[i].ID
			if page[i].HasEnded(consent.InstantOf(time.Now())) {
				continue
			}
			claim, err := OpenClaim(key, page[i].ID, page[i].Until.Time(), page[i].Sealed)
			if err != nil {
				return err
			}
			if err := each(claim); err != nil {
				return err
			}
		}
		if len(page) < claimsPage {
			return nil
		}
	}
}

// OpenClaim opens what is kept under an id until a time, with an officer's key.
func OpenClaim(key *seal.Claims, id [16]byte, until time.Time, sealed []byte) (Claim, error) {
	claim := Claim{ID: hex.EncodeToString(id[:]), Until: until}
	plain, err := key.Open(id, sealed)
	if errors.Is(err, seal.ErrOpen) {
		return claim, nil
	}
	if err != nil {
		return Claim{}, err
	}
	var held rights.Claim
	if err := json.Unmarshal(plain, &held); err != nil {
		return Claim{}, fmt.Errorf("the claim %s is damaged", claim.ID) // The decoder's text could repeat what it holds.
	}
	claim.Opened, claim.Address, claim.Erased = true, held.Address, held.Erased.Time()
	slices.SortFunc(held.Events, func(a, b rights.ClaimedEvent) int { return cmp.Compare(a.Position, b.Position) })
	for i := range held.Events {
		event, err := codec.DecodeHeader(held.Events[i].Header)
		if err != nil {
			return Claim{}, fmt.Errorf("the claim %s: %w", claim.ID, err)
		}
		claim.Events = append(claim.Events, handler.EventOf(&export.HistoryEvent{
			Event: event, Evidence: held.Events[i].Evidence, Held: event.Evidence != [32]byte{},
		}))
	}
	return claim, nil
}

// Purge rewrites the database that the settings name, so that nothing that was deleted is left in its free pages.
func Purge(ctx context.Context, cfg config.Server) (err error) {
	if err := mustExist(cfg); err != nil {
		return err
	}
	store, err := openStore(ctx, cfg, opening{now: time.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return store.Purge(ctx)
}
