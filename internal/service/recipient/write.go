package recipient

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// unclearDays is how long sending is deferred after a click that is to be cleared up.
const unclearDays = 14

const day = 24 * 60 * 60 * 1_000_000

// transaction is one act of the holder of a link, under the lock.
type transaction struct {
	*txn.Tx
	sight

	holder *holder
	links  *Links
	said   consent.Instant // when the person said what is recorded; zero: now
}

// write runs an act in a transaction, with what is known under the lock, and returns what it came to. The act can run more than once, and after
// the context ended also while write returns: it must not touch variables of its caller.
func (l *Links) write(ctx context.Context, h *holder, act func(w *transaction) (Outcome, error)) (Outcome, error) {
	var came atomic.Uint32
	err := l.engine.Do(ctx, &txn.Write{
		Load: storage.Load{Subjects: h.keys},
		Run: func(tx *txn.Tx) error {
			w := &transaction{Tx: tx, holder: h, links: l}
			if err := w.lookAgain(); err != nil {
				return err
			}
			outcome, err := act(w)
			if errors.Is(err, ErrNonsense) {
				outcome, err = Nonsense, nil // It is no fault that would end the transaction, which others share.
			}
			came.Store(uint32(outcome))
			return err
		},
	})
	if err != nil {
		return 0, err
	}
	return Outcome(came.Load()), nil //nolint:gosec // It was an Outcome before.
}

// newOr returns the outcome of an act that recorded something, or nothing because it stood already.
func newOr(recorded bool) Outcome {
	if recorded {
		return Done
	}
	return Known
}

// lookAgain takes what is known of the holder by now, with what the transaction has recorded.
func (w *transaction) lookAgain() error {
	cat, err := w.Catalog(w.Recorded)
	if err != nil {
		return err
	}
	known, err := w.Knowledge(&w.holder.Places)
	w.sight = sight{Known: known, catalog: cat, at: w.Recorded}
	return err
}

// leave records that the person leaves a channel, and ends what was unclear about that.
func (w *transaction) leave(channel string, by By, note string) error {
	kind := consent.KindRefuse
	if w.Exact != nil && slices.ContainsFunc(w.Exact.Grants, func(g consent.Grant) bool { return g.On(channel) }) {
		kind = consent.KindWithdraw
	}
	if err := w.state(statement.Statement{Kind: kind, Channels: []string{channel}}, by, note); err != nil {
		return err
	}
	return w.clear(channel, by, note)
}

// clear ends what is unclear about a channel, if anything is.
func (w *transaction) clear(channel string, by By, note string) error {
	scope := channelScope(channel)
	if len(w.Own(consent.ReasonUnsubscribeUnclear, scope, w.at)) == 0 {
		return nil
	}
	return w.state(statement.Statement{Kind: consent.KindLift, Reason: consent.ReasonUnsubscribeUnclear, Scope: scope}, by, note)
}

// endAll records that the person wants no marketing any more.
func (w *transaction) endAll(scope consent.Scope, by By) error {
	return w.state(statement.Statement{Kind: consent.KindSuppress, Reason: consent.ReasonObjection, Scope: scope}, by, notePage)
}

// notePage is kept with what a person did on the page of a link.
const notePage = "on the page of a link in a message"

// unclear records that it is unclear whether the person wants to leave a channel.
func (w *transaction) unclear(channel string, by By) error {
	return w.record(&statement.Entry{
		Form: consent.FormFolded, Address: w.holder.Address,
		Facts: consent.Facts{
			Kind: consent.KindSuppress, Reason: consent.ReasonUnsubscribeUnclear, Scope: channelScope(channel), Expires: w.Recorded + unclearDays*day,
			Source: consent.SourceWebForm, Tagged: w.holder.Address.Tagged(),
		},
		Evidence: consent.Evidence{
			Address: w.holder.Address.Exact(), IP: by.IP, UserAgent: statement.StorableUserAgent(by.UserAgent),
			Note: noteOneClick + ", sent before the last consent",
		},
	})
}

// state records a statement of the person as of now.
func (w *transaction) state(st statement.Statement, by By, note string) error {
	st.Address, st.Source, st.Note = w.holder.Address.Exact(), consent.SourceWebForm, note
	st.IP, st.UserAgent = by.IP, statement.StorableUserAgent(by.UserAgent)
	st.Occurred = cmp.Or(w.said, w.Recorded)
	entry, err := st.Entry(w.catalog, w.catalog)
	if err != nil {
		return err
	}
	return w.record(entry)
}

func (w *transaction) record(entry *statement.Entry) error {
	made := &txn.Validated{Statement: statement.Statement{Kind: entry.Facts.Kind, Occurred: w.said}, Place: w.holder.Folded}
	if w.said != 0 {
		var err error
		if made.Key, err = w.links.EventKey(w.said, entry, ""); err != nil {
			return err
		}
	}
	p, err := w.Prepare(made, entry, consent.BatchID{})
	if err != nil {
		return err
	}
	_, err = w.RecordOnce(p)
	return err
}

// marketingOf returns the scope of all marketing that the controller of a channel answers for.
func marketingOf(cat *catalog.Catalog, channel string) consent.Scope {
	if ch, ok := cat.Channel(channel); ok && len(cat.Controllers) > 1 {
		return consent.Scope(consent.ScopeController + ":" + ch.Controller)
	}
	return consent.ScopeMarketing
}
