package export

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/checkpoint"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/storage"
)

// Range says which events of the ledger to export: those that all its fields fit; the zero value is all.
type Range struct {
	From, To                     int64           // positions, both included; 0: no limit
	RecordedSince, RecordedUntil consent.Instant // the first included, the second not; 0: no limit
	OccurredSince, OccurredUntil consent.Instant
}

// ExportLedger sends events of the ledger as lines of JSON, by position, and as the last line the checkpoint of the position that the
// ledger had when it began. It reads page by page, each in a transaction of its own, so it may take as long as the receiver likes, and
// ends with an error as soon as the caller's key is revoked. Errors: OTHER_DEPARTMENT, POSITION_UNKNOWN, INVALID_REQUEST,
// INVALID_TIME, NO_CATALOG, and those of send.
func (s *Exporter) ExportLedger(ctx context.Context, in Range, send func(Chunk) error) error {
	head, who, err := s.guard.AdmitNow(ctx, access.ScopeExport)
	if err != nil {
		return err
	}
	if err := who.NeedAllDepartments("the ledger holds the events of every department"); err != nil {
		return err
	}
	if err := s.resolveBound(ctx, &in, &head); err != nil {
		return err
	}
	versions, err := s.Catalogs.UpTo(ctx, &head)
	if err != nil {
		return err
	}
	checkpoint, err := s.checkpoints.At(ctx, &head, head.Position)
	if err != nil {
		return err
	}
	now := max(s.Instant(), head.Recorded)
	out := lineWriter{send: send, first: Chunk{
		Name: fileName("ledger", now.Time(), NDJSON), ContentType: NDJSON.contentType(),
	}}
	x := ledgerExport{Names: s.exportNames(ctx, versions, now), versions: versions, out: &out}
	if x.Names.err != nil {
		return x.Names.err
	}
	if err := s.exportRange(ctx, &in, &x); err != nil {
		return err
	}
	err = out.add(dossier.LastLine{
		Checkpoint: string(checkpoint.Signed), VerifierKey: checkpoint.VerifierKey, FromPosition: in.From, ToPosition: in.To, Events: x.events,
	})
	if err != nil {
		return err
	}
	return out.flush()
}

// resolveBound turns what is asked for into a range of positions.
func (s *Exporter) resolveBound(ctx context.Context, in *Range, head *storage.Head) error {
	switch {
	case in.To != 0 && in.From > in.To:
		return fault.Errorf(fault.InvalidRequest, "ledger.toPosition", "it must not be before fromPosition")
	case in.RecordedUntil != 0 && in.RecordedUntil <= in.RecordedSince:
		return fault.Errorf(fault.InvalidTime, "ledger.recordedUntilTime", "it must be later than recordedSinceTime")
	case in.OccurredUntil != 0 && in.OccurredUntil <= in.OccurredSince:
		return fault.Errorf(fault.InvalidTime, "ledger.occurredUntilTime", "it must be later than occurredSinceTime")
	}
	if err := checkpoint.Reached(head, in.From, "ledger.fromPosition"); err != nil {
		return err
	}
	if err := checkpoint.Reached(head, in.To, "ledger.toPosition"); err != nil {
		return err
	}
	in.From = max(in.From, 1)
	if in.To == 0 {
		in.To = head.Position
	}
	if in.RecordedSince != 0 {
		_, before, err := s.Store.PositionAt(ctx, in.RecordedSince-1)
		if err != nil {
			return env.StoreFault(err)
		}
		in.From = max(in.From, before+1)
	}
	if in.RecordedUntil != 0 {
		_, last, err := s.Store.PositionAt(ctx, in.RecordedUntil-1)
		if err != nil {
			return env.StoreFault(err)
		}
		in.To = min(in.To, last)
	}
	return nil
}

// ledgerExport is an export of the ledger under way.
type ledgerExport struct {
	Names    *catalogNames
	versions []reference.CatalogVersion
	out      *lineWriter
	events   int64
}

func (s *Exporter) exportRange(ctx context.Context, in *Range, x *ledgerExport) error {
	for after := in.From - 1; after < in.To; {
		head, records, err := s.Store.Ledger(ctx, after, exportPage)
		if err != nil {
			return env.StoreFault(err)
		}
		who, err := s.guard.Admit(ctx, &head)
		if err != nil {
			return err
		}
		if err := who.Need(access.ScopeExport); err != nil {
			return err
		}
		if len(records) == 0 {
			return fmt.Errorf("position %d is missing from the ledger: run `assent ledger verify`", after+1)
		}
		for i := range records {
			r := &records[i]
			if after = r.Event.Position; after > in.To {
				return nil
			}
			if r.Event.Occurred < in.OccurredSince || in.OccurredUntil != 0 && r.Event.Occurred >= in.OccurredUntil {
				continue
			}
			line, err := s.exportLine(r, x)
			if err != nil {
				return err
			}
			if err := x.out.add(line); err != nil {
				return err
			}
			x.events++
		}
	}
	return nil
}

// exportLine is an event with its header and the evidence that is held.
func (s *Exporter) exportLine(r *storage.Record, x *ledgerExport) (dossier.Line, error) {
	if r.Event.IsBlank() {
		return dossier.Line{Event: dossier.Blank(r.Event.Position, dossier.Time(r.Event.Recorded), r.LeafHash)}, nil
	}
	e := x.Names.event(r.Header, &r.Event)
	e.CatalogVersion = reference.InForce(x.versions, r.Event.Occurred).Version
	line := dossier.Line{Event: e, Header: r.Header}
	if r.Event.Subject != (consent.SubjectID{}) {
		line.Subject = hex.EncodeToString(r.Event.Subject[:])
	}
	if r.Evidence == nil {
		return line, nil
	}
	v, err := s.OpenEvidence(&r.Event, r.Evidence)
	if err != nil {
		return line, err
	}
	line.SetEvidence(&v, true)
	return line, nil
}

// lineWriter gathers lines into parts of a file.
type lineWriter struct {
	send   func(Chunk) error
	first  Chunk // what the next part has beside its bytes
	buffer []byte
}

func (l *lineWriter) add(value any) error {
	line, err := dossier.JSONLine(value)
	if err != nil {
		return err
	}
	if l.buffer = append(l.buffer, line...); len(l.buffer) < ChunkSize {
		return nil
	}
	return l.flush()
}

func (l *lineWriter) flush() error {
	part := l.first
	part.Data = l.buffer
	l.first, l.buffer = Chunk{}, nil
	return l.send(part)
}
