package checkpoint

import (
	"context"
	"fmt"

	"github.com/assent-io/assent/internal/ledger"
)

// Keeper keeps checkpoints apart from the database: a restored backup is told from an altered ledger by them.
type Keeper interface {
	// KeepCheckpoint keeps a signed checkpoint of now, durably. It reports itself what goes wrong, besides returning it.
	KeepCheckpoint(ctx context.Context, size int64, signed []byte) error
}

// TakeCheckpoint keeps a checkpoint of the ledger as it is now, and returns an error if that failed.
func (p *Checkpoints) TakeCheckpoint(ctx context.Context) (Checkpoint, error) {
	c, err := p.checkpointOfNow(ctx)
	if err != nil {
		return c, err
	}
	return c, p.storeCheckpoint(ctx, &c)
}

func (p *Checkpoints) storeCheckpoint(ctx context.Context, c *Checkpoint) error {
	if p.keeper == nil {
		return nil
	}
	return p.keeper.KeepCheckpoint(ctx, c.Size, c.Signed)
}

// Standing is the relation of the ledger to a stored checkpoint.
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
func (p *Checkpoints) Compare(ctx context.Context, signed []byte) (Compared, error) {
	head, _, err := p.Head(ctx)
	if err != nil {
		return Compared{}, err
	}
	origin := ledger.Origin(head.StoreID)
	keys, err := p.Keys.VerifierKeys(origin)
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
	root, err := p.RootAt(ctx, &head, compared.Size)
	if err != nil {
		return Compared{}, fmt.Errorf("compare the ledger with a checkpoint: %w", err)
	}
	if root != compared.Root {
		compared.Standing = StandingDiffers
	}
	return compared, nil
}
