package service

import (
	"context"
	"fmt"

	"github.com/assent-io/assent/internal/kept"
	"github.com/assent-io/assent/internal/ledger"
)

// Kept is what outlives the database: a restored backup is told from an altered ledger by it, and repeats the erasures that it lacks.
type Kept interface {
	// Append adds erasures, durably. It is called under the lock of the head, before the transaction that records them commits; if
	// it returns an error, they must not be recorded. Erasures that were appended and then not recorded do no harm.
	Append(erasures []kept.Erasure) error
	// KeepCheckpoint keeps a signed checkpoint of now, durably. It reports itself what goes wrong, besides returning it.
	KeepCheckpoint(ctx context.Context, size int64, signed []byte) error
}

// TakeCheckpoint keeps a checkpoint of the ledger as it is now, and returns an error if that failed.
func (s *Service) TakeCheckpoint(ctx context.Context) (Checkpoint, error) {
	c, err := s.checkpointOfNow(ctx)
	if err != nil {
		return c, err
	}
	return c, s.keep(ctx, &c)
}

func (s *Service) keep(ctx context.Context, c *Checkpoint) error {
	if s.kept == nil {
		return nil
	}
	return s.kept.KeepCheckpoint(ctx, c.Size, c.Signed)
}

// Standing is how the ledger stands to a checkpoint that was kept.
type Standing int

// The standings.
const (
	StandingHolds   Standing = iota + 1 // the ledger begins with what the checkpoint commits to
	StandingBehind                      // the ledger has fewer events: it is an older one
	StandingDiffers                     // the ledger has other events
)

// Compared is a checkpoint that was kept beside the ledger of now.
type Compared struct {
	ledger.Checkpoint

	Standing Standing
	Position int64 // of the last event of the ledger
}

// Compare holds the ledger against a checkpoint that was kept. Where no key of this ledger signed it, the error wraps
// [ledger.ErrSignature].
func (s *Service) Compare(ctx context.Context, signed []byte) (Compared, error) {
	head, _, err := s.ledgerHead(ctx)
	if err != nil {
		return Compared{}, err
	}
	origin := ledger.Origin(head.StoreID)
	keys, err := s.keys.VerifierKeys(origin)
	if err != nil {
		return Compared{}, err
	}
	compared := Compared{Position: head.Position, Standing: StandingHolds}
	if compared.Checkpoint, err = ledger.OpenCheckpoint(signed, origin, keys...); err != nil {
		return Compared{}, err
	}
	if compared.Size > head.Position {
		compared.Standing = StandingBehind
		return compared, nil
	}
	root, err := s.rootAt(ctx, &head, compared.Size)
	if err != nil {
		return Compared{}, fmt.Errorf("compare the ledger with a checkpoint: %w", err)
	}
	if root != compared.Root {
		compared.Standing = StandingDiffers
	}
	return compared, nil
}
