package consumers

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/address"
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

const (
	// removalsStay is how long such an address is kept at least, whatever consumers have acknowledged: a tool that goes on from an older token,
	// after a restart or from its own backup, is told again.
	removalsStay = 7 * 24 * time.Hour
	// idleMargin is how much longer than RemovalsKept a client that reads without a consumer is told of erasures. One that comes back is noted
	// again once RemovalsKept has passed, so none is forgotten while a call of it is under way.
	idleMargin = time.Hour
)

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
	if e.Address == "" && e.Mailbox == "" {
		return nil
	}
	tell, err := s.mustTell(w)
	if err != nil || !tell {
		return err
	}
	removal := tables.FeedRemoval{Expires: w.Recorded.Add(RemovalsKept)}
	if removal.ID, err = s.removalOf(e); err != nil {
		return err
	}
	if removal.Sealed, err = s.Keys.Seal(seal.PurposeFeedRemoval, removal.ID[:], packRemoval(e)); err != nil {
		return err
	}
	w.WriteTableAt(func(at storage.Mark) storage.Statement {
		removal.At = at
		return tables.PutFeedRemoval(&removal)
	})
	return nil
}

// nul stands before each part of what is sealed of a removal but the exact form: the folded form where only that is known, a list of scopes
// if it is known what the person had to do with, and between these.
const nul = "\x00"

// packRemoval returns what is sealed of a removal.
func packRemoval(e *txn.Erased) []byte {
	text := e.Address
	if text == "" {
		text = nul + e.Mailbox
	}
	if e.Concerns != nil {
		text += nul + joinScopes(e.Concerns)
	}
	return []byte(text)
}

// unpackRemoval returns the removal that was sealed.
func unpackRemoval(plain string) Removal {
	var r Removal
	plain, r.Mailbox = strings.CutPrefix(plain, nul)
	text, scopes, known := strings.Cut(plain, nul)
	if r.Address = text; !known {
		return r
	}
	r.Concerns = []consent.Scope{}
	for scope := range strings.SplitSeq(scopes, nul) {
		if scope != "" {
			r.Concerns = append(r.Concerns, consent.Scope(scope))
		}
	}
	return r
}

func joinScopes(scopes []consent.Scope) string {
	texts := make([]string, len(scopes))
	for i, s := range scopes {
		texts[i] = string(s)
	}
	return strings.Join(texts, nul)
}

// removalOf returns the id of the removal of a person: an address that is erased again and again is kept once, and again only for other
// readers. It is made with a key, and tells nothing of what the person had to do with.
func (s *Consumers) removalOf(e *txn.Erased) ([16]byte, error) {
	return s.Keys.EventKey(slices.Concat([]byte("assent/1/feedremoval\x00"), e.Folded.ID[:], e.Spelling[:], []byte(joinScopes(e.Concerns))))
}

func (s *Consumers) keepListHash(w *txn.Tx, e *txn.Erased, spelling [16]byte, hash [32]byte) (err error) {
	kept := tables.ListHash{Subject: e.Folded.ID, Spelling: spelling}
	if kept.Sealed, err = s.Keys.Seal(seal.PurposeListHash, listHashOf(&kept), txn.PackHashes(e.Lists.FoldVersion, hash)); err != nil {
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
		if Form(c.Form) == FormKeyed || isGone(c, now) {
			continue
		}
		if client := clientOf(clients, c.Client); client == nil || client.Revoked == 0 {
			told = append(told, *c)
		}
	}
	return told
}

// isIdle reports whether a consumer stands for a client that reads without one and was not seen for so long that it has no token that is
// still valid: it is noted anew before it reads.
func isIdle(c *tables.Consumer, now consent.Instant) bool {
	return isReader(c.ID) && max(c.Created, c.Seen).Add(RemovalsKept) <= now
}

// isGone reports whether such a client is told no more of erasures.
func isGone(c *tables.Consumer, now consent.Instant) bool { return isIdle(c, now.Add(-idleMargin)) }

// ListHash is the hash of a form of an address under the list key, as an erasure kept it.
type ListHash struct {
	Spelling [16]byte // of the exact form in the folded subject; zero: it is the hash of the folded form itself
	Hash     [32]byte
	// FoldVersion is the address.FoldVersion by which the form was made, if that is not the one of this program; else 0.
	FoldVersion int
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
		hash := ListHash{Spelling: row.Spelling}
		if hash.FoldVersion, err = txn.UnpackHashes(plain, &hash.Hash); err != nil {
			return nil, err
		}
		if hash.FoldVersion == address.FoldVersion {
			hash.FoldVersion = 0
		}
		all[row.Subject] = append(all[row.Subject], hash)
	}
	return all, nil
}

// RemovalID names a removal, and is where it stands among all.
type RemovalID struct {
	At storage.Mark // the head after the transaction of the erasure
	ID [16]byte
}

// Removal is an address that an erasure took.
type Removal struct {
	RemovalID

	Address string // the exact form; the folded one if only that is known
	Mailbox bool   // only the folded form is known
	// Concerns are the scopes that the person had to do with, each channel as its own scope; nil: it is not known.
	Concerns []consent.Scope
}

// Removals returns the addresses that erasures took which a consumer lacks that has everything up to one mark, and has with another, in the
// order of the ledger: what comes after the one named, the zero one for the first page, at most limit of them.
func (s *Consumers) Removals(
	ctx context.Context, from storage.TableReader, has, upTo storage.Mark, after RemovalID, limit int,
) ([]Removal, error) {
	rows, err := tables.FeedRemovals(ctx, from, has, upTo, &tables.FeedRemoval{At: after.At, ID: after.ID}, limit)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	list := make([]Removal, len(rows))
	for i := range rows {
		plain, err := s.Keys.Open(seal.PurposeFeedRemoval, rows[i].ID[:], rows[i].Sealed)
		if err != nil {
			return nil, fmt.Errorf("an erased address that consumers are told of: %w", err)
		}
		list[i] = unpackRemoval(string(plain))
		list[i].RemovalID = RemovalID{At: rows[i].At, ID: rows[i].ID}
	}
	return list, nil
}

// Dropped returns the mark up to which erased addresses were deleted: a consumer that is told of them and does not have everything up to it
// may never be told to forget one.
func (s *Consumers) Dropped(ctx context.Context, from storage.TableReader) (storage.Mark, error) {
	mark, err := tables.DroppedFeedRemovals(ctx, from)
	return mark, env.StoreFault(err)
}

// ForgetRemovals deletes the erased addresses that every consumer was told of, and those that are kept for long enough. It is run again and
// again. The log has the consumers that were not told in time.
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
	told := toTell(active, clients, now)
	statements := tables.DropFeedRemovals(endedRemovals(told, &head, now))
	for i := range active {
		if isGone(&active[i], now) {
			statements = append(statements, tables.DropConsumer(active[i].ID, now.Add(-RemovalsKept-idleMargin)))
		}
	}
	late, err := tables.PendingFeedRemovals(ctx, s.Store, "", string(FormKeyed), now)
	if err != nil {
		return env.StoreFault(err)
	}
	if err := s.Store.WriteTables(ctx, statements...); err != nil {
		return env.StoreFault(err)
	}
	for _, p := range late {
		if slices.ContainsFunc(told, func(c tables.Consumer) bool { return c.ID == p.Consumer }) {
			s.Log.LogAttrs(ctx, slog.LevelWarn, "erased addresses were deleted before a consumer was told to forget them: it must take a new snapshot",
				slog.String("consumer", p.Consumer), slog.Int64("addresses", p.Count))
		}
	}
	return nil
}

// endedRemovals says which removals are not kept any more for the consumers that are told of them.
func endedRemovals(told []tables.Consumer, head *storage.Head, now consent.Instant) tables.EndedRemovals {
	if len(told) == 0 { // What comes later than the head may be for a consumer that comes later.
		return tables.EndedRemovals{Expired: now, Told: math.MaxInt64, UpTo: storage.MarkOf(head)}
	}
	ended := tables.EndedRemovals{
		Expired: now, Told: now.Add(RemovalsKept - removalsStay), UpTo: storage.Mark{Position: math.MaxInt64, Revision: math.MaxInt64},
	}
	for i := range told {
		ended.UpTo.Position = min(ended.UpTo.Position, told[i].Acknowledged.Position)
		ended.UpTo.Revision = min(ended.UpTo.Revision, told[i].Acknowledged.Revision)
	}
	return ended
}
