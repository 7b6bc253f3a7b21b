package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// AddCosignatures stores the cosignatures on a checkpoint of the ledger, beside those that others made on it, and returns all of them.
// Lines of signers that the service does not know are left out; if there is no other, it is INVALID_REQUEST, as is what is no
// checkpoint of this ledger or commits to other events. Other errors: POSITION_UNKNOWN, SCOPE_MISSING, and OTHER_DEPARTMENT for a
// client of one department. To add a line again changes nothing.
func (p *Checkpoints) AddCosignatures(ctx context.Context, signed []byte) (ledger.Cosigned, error) {
	head, who, err := p.Head(ctx)
	if err != nil {
		return ledger.Cosigned{}, err
	}
	if err := who.NeedAllDepartments("a cosignature is for the whole ledger"); err != nil {
		return ledger.Cosigned{}, err
	}
	c, err := p.openCosigned(&head, signed)
	if err != nil {
		return ledger.Cosigned{}, cosignFault(err)
	}
	if c.Size < 1 {
		return ledger.Cosigned{}, fault.Errorf(fault.InvalidRequest, "note", "a checkpoint of an empty ledger cannot be cosigned")
	}
	if err := Reached(&head, c.Size, "note"); err != nil {
		return ledger.Cosigned{}, err
	}
	for _, by := range c.Cosignatures {
		if by.Seconds > p.Clock().Add(txn.ClientSkew).Unix() {
			return ledger.Cosigned{}, fault.Errorf(fault.InvalidRequest, "note", "the witness %s signed it in the future", by.Witness)
		}
	}
	if ok, err := p.verifyPrefix(ctx, &head, &c); err != nil {
		return ledger.Cosigned{}, err
	} else if !ok {
		return ledger.Cosigned{}, fault.Errorf(fault.InvalidRequest, "note", "it is signed by a key of this ledger, but commits "+
			"to other events than the ledger has: keep it, and run `assent ledger verify --checkpoint` with it")
	}
	merged := ""
	err = tables.MergeCosigned(ctx, p.Store, c.Size, func(stored string) (string, error) {
		if merged = string(c.Note); stored == "" {
			return merged, nil
		}
		both, err := ledger.MergeNotes([]byte(stored), c.Note)
		merged = string(both)
		return merged, err
	})
	if err != nil {
		return ledger.Cosigned{}, env.StoreFault(err)
	}
	return p.openCosigned(&head, []byte(merged))
}

// LatestCosigned returns the checkpoint of the largest size that witnesses cosigned, with their signatures, or nil if there is none,
// or none of a witness that the service knows.
func (p *Checkpoints) LatestCosigned(ctx context.Context) (*ledger.Cosigned, error) {
	head, stored, err := tables.LatestCosigned(ctx, p.Store)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	who, err := p.guard.Admit(ctx, &head)
	if err != nil {
		return nil, err
	}
	if err := who.Need(access.ScopeRead, access.ScopeExport); err != nil || stored.Note == "" {
		return nil, err
	}
	c, err := p.openCosigned(&head, []byte(stored.Note))
	if errors.Is(err, ledger.ErrNotCosigned) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the stored cosigned checkpoint is damaged: run `assent ledger verify`: %w", err)
	}
	if c.Size > head.Position {
		return nil, errors.New("the ledger is shorter than a checkpoint that witnesses cosigned: run `assent ledger verify`")
	}
	if ok, err := p.verifyPrefix(ctx, &head, &c); err != nil {
		return nil, err
	} else if !ok {
		return nil, errors.New("a checkpoint that witnesses cosigned commits to other events than the ledger has: run `assent ledger verify`")
	}
	return &c, nil
}

func (p *Checkpoints) openCosigned(head *storage.Head, signed []byte) (ledger.Cosigned, error) {
	origin := ledger.Origin(head.StoreID)
	keys, err := p.Keys.VerifierKeys(origin)
	if err != nil {
		return ledger.Cosigned{}, err
	}
	return ledger.OpenCosigned(signed, origin, keys, p.witnesses)
}

// cosignFault says why a note is not taken.
func cosignFault(err error) error {
	message := "it is not a checkpoint of this ledger, or one of its signatures is not valid"
	switch {
	case errors.Is(err, ledger.ErrSignature):
		message = "it is not a checkpoint of this ledger: it is not signed by a key of this ledger, or it was altered"
	case errors.Is(err, ledger.ErrNotCosigned):
		message = "it is not signed by a witness that this server knows: set the keys of witnesses with --witness-key"
	}
	return fault.Errorf(fault.InvalidRequest, "note", "%s", message).Because(err)
}

// verifyPrefix reports whether the ledger begins with what a checkpoint commits to, and if not says so in the log: a key of this ledger has
// signed another history.
func (p *Checkpoints) verifyPrefix(ctx context.Context, head *storage.Head, c *ledger.Cosigned) (bool, error) {
	root, err := p.RootAt(ctx, head, c.Size)
	if err != nil || root == c.Root {
		return err == nil, err
	}
	p.Log.LogAttrs(ctx, slog.LevelError, "a cosigned checkpoint of this ledger commits to other events than it has: keep that "+
		"checkpoint, and run `assent ledger verify` with it", slog.Int64("size", c.Size))
	return false, nil
}
