// Package mailboxes completes which exact subjects hold an address of a mailbox in a database that an older program wrote.
package mailboxes

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// againAfter is how long after the first pass the second one begins: by then no server of the older program writes any more.
const againAfter = 24 * time.Hour

// Filler fills the table mailboxes.
type Filler struct {
	*env.Env

	engine *txn.Engine
}

// New returns a filler.
func New(env *env.Env, engine *txn.Engine) *Filler { return &Filler{Env: env, engine: engine} }

// FillMailboxes notes the addresses of mailboxes that the database lacks, page by page of subjects, and returns at once where it lacks none.
// What is cut off goes on where it was. Other writes go on between the pages.
func (f *Filler) FillMailboxes(ctx context.Context) error {
	for {
		found, err := tables.MailboxFills(ctx, f.Store)
		if err != nil || len(found) == 0 || found[0].Due > f.Instant() {
			return env.StoreFault(err)
		}
		next, err := f.fill(ctx, found[0])
		if err == nil && next.Passes == 0 {
			err = f.dropLeft(ctx)
		}
		if err != nil {
			return env.StoreFault(err)
		}
		if err := f.Store.WriteTables(ctx, tables.NoteMailboxFill(next)); err != nil {
			return env.StoreFault(err)
		}
	}
}

// fill looks at the next page of subjects, and returns how far that is.
func (f *Filler) fill(ctx context.Context, at tables.MailboxFill) (tables.MailboxFill, error) {
	ids := storage.AllIDs()
	ids.After = at.After
	head, rows, err := f.Store.SubjectsIn(ctx, ids, f.engine.BulkRoom())
	if err != nil {
		return at, err
	}
	if len(rows) == 0 {
		return tables.MailboxFill{Passes: at.Passes - 1, Due: f.Instant().Add(againAfter)}, nil
	}
	at.After = rows[len(rows)-1].ID
	all, err := f.toNote(rows)
	if err != nil {
		return at, err
	}
	missing := all
	if at.Passes > 1 { // In the last pass a server of the older program may have told of a folded form without a text whose address is noted.
		missing, err = f.missing(ctx, &head, all)
	}
	if err != nil || len(missing) == 0 {
		return at, err
	}
	return at, f.note(ctx, missing)
}

// leftAtOnce is how many rows one transaction deletes that an erasure left.
const leftAtOnce = 500

// dropLeft deletes the rows of addresses that servers of the older program erased, which did not know of them.
func (f *Filler) dropLeft(ctx context.Context) error {
	for {
		left, err := tables.LeftMailboxes(ctx, f.Store, leftAtOnce)
		if err != nil || len(left) == 0 {
			return err
		}
		if err := f.engine.Do(ctx, &txn.Write{Bulk: true, Weight: len(left), Run: func(w *txn.Tx) error {
			for _, row := range left {
				w.WriteTable(tables.DropLeftMailbox(row))
			}
			return nil
		}}); err != nil {
			return err
		}
	}
}

// toNote returns those of the subjects that have to be noted, as places of their addresses.
func (f *Filler) toNote(rows []storage.SubjectState) (all []subjects.Places, err error) {
	l := subjects.NewLocator(f.Keys, len(rows))
	for i := range rows {
		row := &rows[i]
		if row.Key.Form != consent.FormExact || row.Address == nil {
			continue
		}
		plain, err := f.Keys.Open(seal.PurposeAddress, row.ID[:], row.Address)
		if err != nil {
			return nil, fmt.Errorf("the address of a subject: %w", err)
		}
		a, err := address.Parse(string(plain))
		if err != nil {
			return nil, err
		}
		if !txn.NotesMailbox(&row.Subject, a) {
			continue
		}
		p, err := l.Places(a, false)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// missing returns those of the addresses that are not noted.
func (f *Filler) missing(ctx context.Context, head *storage.Head, all []subjects.Places) ([]subjects.Places, error) {
	var mailboxes [][16]byte
	for i := range all {
		for _, key := range all[i].Folded.Keys {
			mailboxes = append(mailboxes, f.Keys.Mailbox(key.Digest))
		}
	}
	noted, err := tables.Mailboxes(ctx, f.Store, mailboxes, math.MaxInt32)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(p subjects.Places) bool { return f.isNoted(head, &p, noted) }), nil
}

// isNoted reports whether an address is noted under every key that rows were made with.
func (f *Filler) isNoted(head *storage.Head, p *subjects.Places, noted []tables.Mailbox) bool {
	for i, key := range p.Folded.Keys {
		mailbox := f.Keys.Mailbox(key.Digest)
		if slices.Contains(head.DigestKeys, p.Folded.Digests.Versions[i]) && !slices.ContainsFunc(noted, func(m tables.Mailbox) bool {
			return m.Mailbox == mailbox && slices.Contains(p.Exact.Keys, storage.SubjectKey{Form: consent.FormExact, Digest: m.Exact})
		}) {
			return false
		}
	}
	return true
}

// note notes addresses, as far as they are held under the lock of the head. Readers of the feed are told of a folded form anew of which they may
// not have been told because it had no text.
func (f *Filler) note(ctx context.Context, missing []subjects.Places) error {
	m := txn.Write{Bulk: true, Weight: len(missing)}
	for i := range missing {
		m.Load.Subjects = append(append(m.Load.Subjects, missing[i].Exact.Keys...), missing[i].Folded.Keys...)
	}
	m.Run = func(w *txn.Tx) error {
		for i := range missing {
			exact, err := w.Subject(&missing[i].Exact)
			if err != nil {
				return err
			}
			if exact.Address == nil {
				continue
			}
			w.KeepMailbox(&missing[i].Folded, exact)
			folded, err := w.Subject(&missing[i].Folded)
			if err != nil {
				return err
			}
			if folded.ID != (consent.SubjectID{}) && folded.Address == nil {
				w.SaveRow(folded)
			}
		}
		return nil
	}
	return f.engine.Do(ctx, &m)
}
