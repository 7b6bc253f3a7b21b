package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/kept"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/service"
	"github.com/assent-io/assent/internal/service/checkpoint"
)

// keeper keeps the checkpoints and erasures of a server in a directory. Once the server serves, nothing that goes wrong with
// checkpoints stops it: that is logged and counted.
type keeper struct {
	dir   *kept.Dir
	log   *slog.Logger
	every time.Duration
	count func(kept bool)

	// What compareDatabase found, before anything else uses the keeper.
	run    int   // of the checkpoints that are kept from now on
	agreed int64 // up to where the database holds what was recorded when the directory was written
	behind bool  // the database is older than the newest checkpoint

	mu     sync.Mutex
	latest kept.Name
	signed []byte // the latest checkpoint of this server; nil: none yet
}

// openKeeper opens the directory of the settings; nil: there is none.
func openKeeper(cfg config.Server, log *slog.Logger, count func(kept bool)) (*keeper, error) {
	if cfg.CheckpointDir == "" {
		return nil, nil
	}
	dir, err := kept.Open(cfg.CheckpointDir)
	if err != nil {
		return nil, err
	}
	return &keeper{dir: dir, log: log, every: cfg.CheckpointInterval, count: count}, nil
}

func (k *keeper) close() error {
	if k == nil {
		return nil
	}
	return k.dir.Close()
}

// kept returns the keeper as the service takes it.
func (k *keeper) kept() service.Kept {
	if k == nil { // A nil pointer in the interface would be no nil interface.
		return nil
	}
	return k
}

// Append keeps erasures.
func (k *keeper) Append(erasures []kept.Erasure) error { return k.dir.Append(erasures) }

// KeepCheckpoint keeps a checkpoint.
func (k *keeper) KeepCheckpoint(ctx context.Context, size int64, signed []byte) error {
	name := kept.Name{Size: size, Run: k.run}
	err := k.dir.Keep(name, signed)
	switch {
	case errors.Is(err, kept.ErrUnsettled): // The next one looks again.
		k.log.LogAttrs(ctx, slog.LevelWarn, "a checkpoint is being written by another server, or was cut off",
			slog.String("file", name.String()))
	case err != nil:
		k.failed(ctx, err)
		return err
	default:
		k.count(true)
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.signed == nil || size > k.latest.Size {
			k.latest, k.signed = name, signed
		}
	}
	return nil
}

// failed says that a checkpoint is not kept.
func (k *keeper) failed(ctx context.Context, err error) {
	k.count(false)
	k.log.LogAttrs(ctx, slog.LevelError, "no checkpoint was stored: the server continues without one",
		slog.String("error", rpc.CauseText(err)))
}

// take keeps a checkpoint of now, unless the ledger is no longer that of the checkpoint kept before.
func (k *keeper) take(ctx context.Context, use *service.Service) error {
	k.mu.Lock()
	before := k.signed
	k.mu.Unlock()
	if before != nil {
		compared, err := use.Compare(ctx, before)
		if err == nil && compared.Standing != checkpoint.StandingHolds {
			err = errors.New("the database does not match the previous checkpoint: it was replaced or altered under the " +
				"running server; restart all servers, and run `assent ledger verify --checkpoint` with the newest")
		}
		if err != nil {
			k.failed(ctx, err)
			return err
		}
	}
	c, err := use.TakeCheckpoint(ctx)
	if err != nil && c.Signed == nil {
		k.failed(ctx, err) // There was nothing to keep.
	}
	return err
}

// interval is how often a checkpoint is taken; 0: never.
func (k *keeper) interval() time.Duration {
	if k == nil {
		return 0
	}
	return k.every
}

// keepCheckpoint takes a checkpoint of a server that serves.
func (s *server) keepCheckpoint(ctx context.Context) error {
	return s.keeper.take(AsLocal(ctx), s.local.Service)
}

// last takes the checkpoint of a server that has stopped.
func (k *keeper) last(ctx context.Context, use *service.Service) {
	if k == nil {
		return
	}
	ctx, cancel := context.WithTimeout(AsLocal(context.WithoutCancel(ctx)), lastCheckpoint)
	defer cancel()
	_ = k.take(ctx, use) // It has said what went wrong.
}

// first takes the checkpoint of a server that starts. A directory that cannot keep it is found out here.
func (k *keeper) first(ctx context.Context, use *service.Service) error {
	if k == nil {
		return nil
	}
	if err := k.take(ctx, use); err != nil {
		return fmt.Errorf("keep the first checkpoint: %w", err)
	}
	return nil
}
