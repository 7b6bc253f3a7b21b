package consumers

import (
	"context"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// Reader is a consumer as the feed serves it.
type Reader struct {
	Consumer

	Key Key // of the form keyed
}

// Active returns the consumer with the id as the caller reads it; with an empty id the caller itself, which then reads addresses in clear. It
// is asked with each call of the feed, and by a watcher in each round: it reads the rows of one client at most. Errors: SCOPE_MISSING,
// CONSUMER_NOT_FOUND for one that is not the caller's, CONSUMER_REVOKED, and CONSUMER_REQUIRED for a caller that has or had a consumer and
// names none.
func (s *Consumers) Active(ctx context.Context, id string) (Reader, error) {
	if id == "" {
		return s.activeClient(ctx)
	}
	head, found, err := tables.ConsumerOf(ctx, s.Store, id)
	if err != nil {
		return Reader{}, env.StoreFault(err)
	}
	who, err := s.admitReader(ctx, &head)
	if err != nil {
		return Reader{}, err
	}
	switch {
	case len(found) == 0 || isReader(id) || found[0].Client != who.ID:
		return Reader{}, fault.Errorf(fault.ConsumerMissing, "consumer", "the client %s has no consumer of this id", who.ID)
	case found[0].Revoked != 0:
		return Reader{}, fault.Errorf(fault.ConsumerRevoked, "consumer", "the consumer was revoked, and this cannot be undone; create another one")
	}
	return s.newReader(&found[0], &who)
}

// activeClient returns the caller as it reads without a consumer, once that is noted.
func (s *Consumers) activeClient(ctx context.Context) (Reader, error) {
	head, found, err := tables.ConsumersOfClient(ctx, s.Store, access.CallerOf(ctx).ID)
	if err != nil {
		return Reader{}, env.StoreFault(err)
	}
	who, err := s.admitReader(ctx, &head)
	if err != nil {
		return Reader{}, err
	}
	row, err := readerOf(found)
	if err != nil {
		return Reader{}, err
	}
	if row == nil || isIdle(row, s.Instant()) {
		return s.noteReader(ctx)
	}
	return s.newReader(row, &who)
}

func (s *Consumers) admitReader(ctx context.Context, head *storage.Head) (access.Caller, error) {
	who, err := s.guard.Admit(ctx, head)
	if err != nil {
		return who, err
	}
	return who, who.Need(access.ScopeFeed)
}

// readerOf returns the row of a client as a reader without a consumer among all of the client's rows; nil if there is none. A client that has
// or had a consumer is refused: without it, it would read in clear what the consumer was made to hide.
func readerOf(ofClient []tables.Consumer) (*tables.Consumer, error) {
	var row *tables.Consumer
	for i := range ofClient {
		if !isReader(ofClient[i].ID) {
			return nil, fault.Errorf(fault.ConsumerRequired, "consumer", "the client has or had a consumer, so it cannot read without one: name a "+
				"consumer of the client, or read as another client")
		}
		row = &ofClient[i]
	}
	return row, nil
}

func (s *Consumers) newReader(row *tables.Consumer, who *access.Caller) (Reader, error) {
	r := Reader{Consumer: newConsumer(row, nil)}
	r.Department = who.Department
	if r.Form != FormKeyed {
		return r, nil
	}
	var err error
	r.Key, err = s.keyOf(row)
	return r, err
}

// noteReader notes that the caller reads the feed in clear without a consumer: from then on it is told of erasures. It is done under the lock
// of the head, so each erasure comes either before anything was read, or after the note. What an earlier note says that it has stays.
func (s *Consumers) noteReader(ctx context.Context) (Reader, error) {
	var r Reader
	err := s.engine.Do(ctx, &txn.Write{Run: func(w *txn.Tx) error {
		if err := w.Caller.Need(access.ScopeFeed); err != nil {
			return err
		}
		found, err := w.ConsumersOfClient(w.Caller.ID)
		if err != nil {
			return err
		}
		before, err := readerOf(found)
		if err != nil {
			return err
		}
		row := tables.Consumer{
			ID: readerPrefix + w.Caller.ID, Client: w.Caller.ID, Form: string(FormPlain), Created: w.Recorded, CreatedBy: w.Caller.ID,
			Acknowledged: storage.MarkOf(&w.Head), Seen: w.Recorded,
		}
		if before != nil {
			row.Created, row.Acknowledged = before.Created, before.Acknowledged
		}
		// An old row may be deleted meanwhile, without the lock: this one is stored in any case.
		w.SaveConsumer(row, tables.PutConsumer(&row))
		r, err = s.newReader(&row, &w.Caller)
		return err
	}})
	return r, err
}

const (
	// acknowledgeEvery is how often what a consumer has is written at most, unless it moved by acknowledgeEvents.
	acknowledgeEvery  = 10 * time.Second
	acknowledgeEvents = 10_000
	// seenEvery is how often it is written that a consumer is still there when it got nothing new.
	seenEvery = 5 * time.Minute
)

// noted is what was written of a consumer.
type noted struct {
	upTo storage.Mark
	at   consent.Instant
}

// Acknowledge notes up to where a consumer has everything: what it said by coming back with a token, or by staying connected. Not every
// call is written, so what is stored may be older.
func (s *Consumers) Acknowledge(ctx context.Context, r *Reader, upTo storage.Mark) error {
	now := s.Instant()
	s.mu.Lock()
	before, known := s.noted[r.ID]
	due := !known || isDue(before, upTo, now)
	if due {
		s.noted[r.ID] = noted{upTo, now}
	}
	s.mu.Unlock()
	if !due {
		return nil
	}
	err := s.Store.WriteTables(ctx, tables.AcknowledgeConsumer(r.ID, upTo, now))
	if err != nil {
		s.mu.Lock()
		delete(s.noted, r.ID)
		s.mu.Unlock()
	}
	return env.StoreFault(err)
}

// isDue reports whether it is to be written at an instant that a consumer has everything up to a mark.
func isDue(before noted, upTo storage.Mark, now consent.Instant) bool {
	waited := now.Time().Sub(before.at.Time())
	switch {
	case upTo.Position < before.upTo.Position, upTo.Revision < before.upTo.Revision:
		return true // It lost some, and is to be told again.
	case upTo == before.upTo:
		return waited >= seenEvery
	default:
		return waited >= acknowledgeEvery || upTo.Position-before.upTo.Position >= acknowledgeEvents
	}
}

// RuleKinds returns the kinds of rules that the reader is told of; none: all. A grant that only ends a bounce is one of the grants.
func (r *Reader) RuleKinds() []feed.Kind {
	var kinds []feed.Kind
	for _, word := range r.Kinds {
		switch word {
		case "grant":
			kinds = append(kinds, feed.KindGrant, feed.KindReopening)
		case "refusal":
			kinds = append(kinds, feed.KindRefusal)
		case "suppression":
			kinds = append(kinds, feed.KindSuppression)
		}
	}
	return kinds
}
