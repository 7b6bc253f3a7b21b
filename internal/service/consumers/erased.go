package consumers

import (
	"context"
	"crypto/rand"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// RemovalsKept is how long an address that was erased is kept, sealed, for the consumers that have to be told to forget it. A consumer that
// is behind by more has to take everything again.
const RemovalsKept = 30 * 24 * time.Hour

// Erased keeps the list hashes of a person who is being erased, and leaves the address for the consumers that know it. It is a hook of
// [txn.Hooks].
func (s *Consumers) Erased(w *txn.Tx, e *txn.Erased) error {
	if e.Lists != nil {
		if err := s.keepListHash(w, e, [16]byte{}, e.Lists.Folded); err != nil {
			return err
		}
		if err := s.keepListHash(w, e, e.Spelling, e.Lists.Exact); err != nil {
			return err
		}
	}
	if e.Address == "" {
		return nil
	}
	tell, err := s.mustTell(w)
	if err != nil || !tell {
		return err
	}
	removal := tables.FeedRemoval{Expires: w.Recorded.Add(RemovalsKept)}
	if _, err := rand.Read(removal.ID[:]); err != nil {
		return err
	}
	if removal.Sealed, err = s.Keys.Seal(seal.PurposeFeedRemoval, removal.ID[:], []byte(e.Address)); err != nil {
		return err
	}
	w.WriteTableAt(func(at storage.Mark) storage.Statement {
		removal.At = at
		return tables.AddFeedRemoval(&removal)
	})
	return nil
}

func (s *Consumers) keepListHash(w *txn.Tx, e *txn.Erased, spelling [16]byte, hash [32]byte) (err error) {
	kept := tables.ListHash{Subject: e.Folded.ID, Spelling: spelling}
	if kept.Sealed, err = s.Keys.Seal(seal.PurposeListHash, listHashOf(&kept), hash[:]); err != nil {
		return err
	}
	w.WriteTable(tables.PutListHash(&kept))
	return nil
}

// listHashOf is what a list hash is sealed for.
func listHashOf(h *tables.ListHash) []byte { return slices.Concat(h.Subject[:], h.Spelling[:]) }

// mustTell reports whether there is a consumer that is to be told of erasures.
func (s *Consumers) mustTell(w *txn.Tx) (bool, error) {
	active, err := w.ActiveConsumers()
	if err != nil || len(active) == 0 {
		return false, err
	}
	clients, err := w.StoredClients()
	if err != nil {
		return false, err
	}
	return len(toTell(active, clients, w.Recorded)) > 0, nil
}

// toTell returns those of the consumers that were not revoked that are told of erasures: those that have addresses in clear, or as hashes
// without a key. A client that reads without a consumer and does not come any more is left out. The caller of a server without clients is
// not among the clients.
func toTell(active []tables.Consumer, clients []tables.Client, now consent.Instant) []tables.Consumer {
	var told []tables.Consumer
	for i := range active {
		c := &active[i]
		if Form(c.Form) == FormKeyed || isIdle(c, now) {
			continue
		}
		if client := clientOf(clients, c.Client); client == nil || client.Revoked == 0 {
			told = append(told, *c)
		}
	}
	return told
}

// isIdle reports whether a consumer stands for a client that reads without one and was not seen for so long that no removal of then is kept.
func isIdle(c *tables.Consumer, now consent.Instant) bool {
	return isReader(c.ID) && max(c.Created, c.Seen).Add(RemovalsKept) <= now
}

// ListHash is the hash of a form of an address under the list key, as an erasure kept it.
type ListHash struct {
	Spelling [16]byte // of the exact form in the folded subject; zero: it is the hash of the folded form itself
	Hash     [32]byte
}

// ListHashes returns what erasures kept of the folded subjects, by subject; those of which nothing is kept are missing.
func (s *Consumers) ListHashes(
	ctx context.Context, from storage.TableReader, folded []consent.SubjectID,
) (map[consent.SubjectID][]ListHash, error) {
	rows, err := tables.ListHashes(ctx, from, folded)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	all := make(map[consent.SubjectID][]ListHash, len(folded))
	for i := range rows {
		row := &rows[i]
		plain, err := s.Keys.Open(seal.PurposeListHash, listHashOf(row), row.Sealed)
		if err != nil {
			return nil, fmt.Errorf("a list hash: %w", err)
		}
		if len(plain) != 32 {
			return nil, fmt.Errorf("a list hash has %d bytes and not 32", len(plain))
		}
		all[row.Subject] = append(all[row.Subject], ListHash{Spelling: row.Spelling, Hash: [32]byte(plain)})
	}
	return all, nil
}

// Removal is an address that an erasure took.
type Removal struct {
	At      storage.Mark // the head after the transaction of the erasure
	Address string       // the exact form

	row tables.FeedRemoval
}

// Removals returns the addresses that erasures took after a consumer had everything up to one mark and until it is to have everything up to
// another, in the order of the ledger: what comes after the one given, nil for the first page, at most limit of them.
func (s *Consumers) Removals(
	ctx context.Context, from storage.TableReader, has, upTo storage.Mark, after *Removal, limit int,
) ([]Removal, error) {
	var last tables.FeedRemoval
	if after != nil {
		last = after.row
	}
	rows, err := tables.FeedRemovals(ctx, from, has, upTo, &last, limit)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	list := make([]Removal, len(rows))
	for i := range rows {
		plain, err := s.Keys.Open(seal.PurposeFeedRemoval, rows[i].ID[:], rows[i].Sealed)
		if err != nil {
			return nil, fmt.Errorf("an erased address that consumers are told of: %w", err)
		}
		list[i] = Removal{At: rows[i].At, Address: string(plain), row: rows[i]}
	}
	return list, nil
}

// ForgetRemovals deletes the erased addresses that every consumer was told of, and those that are kept for long enough. It is run again and
// again.
func (s *Consumers) ForgetRemovals(ctx context.Context) error {
	// The clients are read after the consumers: a consumer is counted unless its client was revoked by then.
	head, active, err := tables.ActiveConsumers(ctx, s.Store)
	if err != nil {
		return env.StoreFault(err)
	}
	_, clients, err := tables.Clients(ctx, s.Store)
	if err != nil {
		return env.StoreFault(err)
	}
	now := s.Instant()
	upTo := storage.Mark{Position: math.MaxInt64, Revision: math.MaxInt64}
	told := toTell(active, clients, now)
	for i := range told {
		upTo.Position = min(upTo.Position, told[i].Acknowledged.Position)
		upTo.Revision = min(upTo.Revision, told[i].Acknowledged.Revision)
	}
	if len(told) == 0 {
		upTo = storage.MarkOf(&head) // What comes later may be for a consumer that comes later.
	}
	statements := []storage.Statement{tables.DropFeedRemovals(now, upTo)}
	for i := range active {
		if isIdle(&active[i], now) {
			statements = append(statements, tables.DropConsumer(active[i].ID, now.Add(-RemovalsKept)))
		}
	}
	return env.StoreFault(s.Store.WriteTables(ctx, statements...))
}
