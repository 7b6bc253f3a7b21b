package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/assent-io/assent/internal/kept"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/service"
	"github.com/assent-io/assent/internal/service/checkpoint"
)

// compareDatabase compares the database with the newest checkpoint that is kept, before anything is written to it. One of another database, or
// with another history, is refused. One that is older than the checkpoint was restored from a backup: that is said loudly, and its
// checkpoints are a run of their own from now on.
func (k *keeper) compareDatabase(ctx context.Context, use *service.Service) error {
	if k == nil {
		return nil
	}
	names, err := k.dir.Checkpoints()
	if err != nil {
		return err
	}
	found := false
	var newest kept.Name
	var position int64
	for _, name := range names {
		compared, err := k.compare(ctx, use, name)
		if err != nil {
			return err
		}
		if compared == nil {
			continue
		}
		if !found {
			found, newest, k.run, position = true, name, name.Run, compared.Position
			if k.behind = compared.Standing == checkpoint.StandingBehind; k.behind {
				k.run++
			}
		}
		if compared.Standing == checkpoint.StandingHolds {
			k.agreed = name.Size
			break
		}
		// Checkpoints of an earlier run are those of a ledger that was lost: they differ from where it was.
		if compared.Standing == checkpoint.StandingDiffers && name.Run == newest.Run {
			return fmt.Errorf("the database has another history than the checkpoint %s, which was stored when the ledger had %d events: it was "+
				"altered, or is not the database that the directory is for; run `assent ledger verify --checkpoint` with that file", name, name.Size)
		}
	}
	return k.report(ctx, newest, position)
}

// compare reads a checkpoint and compares the database with it; nil: it is not whole.
func (k *keeper) compare(ctx context.Context, use *service.Service, name kept.Name) (*checkpoint.Compared, error) {
	signed, c, err := k.dir.Checkpoint(name)
	if err != nil {
		level := slog.LevelError
		if errors.Is(err, kept.ErrUnsettled) {
			level = slog.LevelWarn
		}
		k.log.LogAttrs(ctx, level, "a stored checkpoint cannot be read and is ignored", slog.String("error", err.Error()))
		return nil, nil
	}
	compared, err := use.Compare(ctx, signed)
	if errors.Is(err, ledger.ErrSignature) {
		return nil, fmt.Errorf("the checkpoint %s of %s was not signed by a key of this database, or was altered: give each database a "+
			"checkpoint directory of its own", name, c.Origin)
	}
	if err != nil {
		return nil, fmt.Errorf("compare the database with the checkpoint %s: %w", name, err)
	}
	return &compared, nil
}

// report says loudly that the database is older than what is kept.
func (k *keeper) report(ctx context.Context, newest kept.Name, position int64) error {
	erasures, err := k.erasuresToRepeat()
	switch {
	case err != nil && k.behind:
		return fmt.Errorf("the database was restored from a backup, and the erasures carried out since cannot be read: %w", err)
	case err != nil:
		k.log.LogAttrs(ctx, slog.LevelError, "the erasures in the checkpoint directory cannot be read: a restored backup will not contain them",
			slog.String("error", err.Error()))
	case k.behind:
		k.log.LogAttrs(ctx, slog.LevelError, "THE DATABASE IS OLDER THAN THE NEWEST CHECKPOINT: it was restored from a backup, and "+
			"events recorded since are lost, refusals included; record them again before you send anything",
			slog.String("checkpoint", newest.String()), slog.Int64("checkpoint_size", newest.Size), slog.Int64("position", position),
			slog.Int("erasures_since", len(erasures)))
	}
	return nil
}

// erasuresToRepeat returns the erasures that a database restored from a backup may lack, in the order in which they were made: all
// that were kept for positions after the last checkpoint that it agrees with. The database may have the first of them; to repeat one
// that it has must change nothing.
func (k *keeper) erasuresToRepeat() ([]kept.Erasure, error) { return k.dir.ErasuresAfter(k.agreed) }

// repeat carries out the erasures that a restored backup lacks, before the server answers a call.
func (k *keeper) repeat(ctx context.Context, use *service.Service) error {
	if k == nil {
		return nil
	}
	erasures, err := k.erasuresToRepeat()
	if err != nil {
		return nil //nolint:nilerr // It was reported, and where the database was restored it has ended the start.
	}
	lacked, err := use.RepeatErasures(ctx, erasures)
	if err != nil {
		return fmt.Errorf("repeat the erasures carried out since the backup: %w", err)
	}
	if lacked > 0 {
		k.log.LogAttrs(ctx, slog.LevelWarn, "repeated erasures that the database lacked", slog.Int("erasures", lacked))
	}
	return nil
}
