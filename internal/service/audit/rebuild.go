package audit

import (
	"bytes"
	"context"
	"math/rand/v2"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// Rebuild folds all events anew, page by page of subjects, and replaces the states that differ. Progress is told how many subjects
// are done. Other writes go on between the pages.
func (s *Rebuilder) Rebuild(ctx context.Context, progress func(done int)) (RebuildReport, error) {
	const page = 1000
	started := s.Clock()
	var report RebuildReport
	for after := (consent.SubjectID{}); ; {
		ids, err := s.Store.SubjectIDs(ctx, after, page)
		if err != nil {
			return report, env.StoreFault(err)
		}
		if len(ids) == 0 {
			report.Took = s.Clock().Sub(started)
			return report, nil
		}
		differed, err := s.rebuildPage(ctx, ids)
		if err != nil {
			return report, env.StoreFault(err)
		}
		after = ids[len(ids)-1]
		report.Subjects += len(ids)
		report.Differed += differed
		progress(report.Subjects)
	}
}

func (s *Rebuilder) rebuildPage(ctx context.Context, ids []consent.SubjectID) (differed int, err error) {
	var left *storage.Head
	err = s.Store.Write(ctx, storage.Load{IDs: ids}, func(ctx context.Context, tx storage.Tx) (*storage.Changes, error) {
		differed, left = 0, nil
		loaded := tx.Loaded()
		table, err := s.Names.OfLocked(ctx, &loaded.Head)
		if err != nil {
			return nil, err
		}
		events, err := tx.Events(ctx, ids)
		if err != nil {
			return nil, err
		}
		changes := &storage.Changes{Head: loaded.Head}
		for _, id := range ids {
			made, err := repack(id, events[id], loaded.Head.Undone, table)
			if err != nil {
				return nil, err
			}
			if stored := loaded.States[id]; stored.Position != made.Position || !bytes.Equal(codec.Settled(stored.Packed, loaded.Head.Undone), made.Packed) {
				changes.States = append(changes.States, made)
			}
		}
		if differed = len(changes.States); differed == 0 {
			return nil, nil //nolint:nilnil // Nothing is what the port takes for no changes.
		}
		// The ids do not tell which keys these states belong to, so followers must read everything again: the revision grows
		// by more than the store keeps. The increment is random, so that a rebuild of a restored backup does not end at the
		// revision of an earlier rebuild.
		changes.Head.Revision += storage.RevisionsKept + 1 + rand.Int64N(1<<20)
		left = &changes.Head
		return changes, nil
	})
	if err == nil {
		s.engine.Acknowledged.Note(left)
	}
	return differed, err
}

// repack returns the state that the events with the headers give, as of the number of the last undo that is complete; one without events is
// empty.
func repack(id consent.SubjectID, headers [][]byte, undone int64, table *reference.Table) (storage.State, error) {
	events, err := asof.DecodeHeaders(headers)
	if err != nil {
		return storage.State{}, err
	}
	made := storage.State{Subject: id}
	if len(events) > 0 {
		made.Position = events[len(events)-1].Position
	}
	variants := codec.FoldVariants(events, undone)
	made.Packed, err = codec.AppendVariants(nil, &variants, table)
	return made, err
}

// Rebuilder folds all states anew.
type Rebuilder struct {
	*env.Env
	*reference.Reference

	engine *txn.Engine
}

// New returns a rebuilder.
func New(env *env.Env, reference *reference.Reference, engine *txn.Engine) *Rebuilder {
	return &Rebuilder{Env: env, Reference: reference, engine: engine}
}

// RebuildReport is what a rebuilding of the states found.
type RebuildReport struct {
	Subjects int
	Differed int // states that were not what their events give
	Took     time.Duration
}
