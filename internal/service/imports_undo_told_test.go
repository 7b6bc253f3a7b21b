package service

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/imports"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// account is all that is told of a person, without what says that an import was there: positions, batches, and what was undone.
type account struct {
	Decisions map[string]consent.Code // by channel
	File      personFile
	Snapshot  []string // rules of the change feed
	Lists     []string // entries of block lists
}

// personFile is what the file has that a person gets.
type personFile struct {
	Erased       string // when; whether the person is known is not compared: events that are void are held still, and the file says so
	Channels     []string
	Suppressions []string
	InForce      int // the figure beside them
	Events       []string
}

// accountsOf returns what is told of the people with a prefix.
func accountsOf(ctx context.Context, t *rapid.T, w *world, s *Service, prefix string) [people]account {
	var all [people]account
	decisions := answersOf(ctx, t, w, s, prefix)
	reader := feedReader{s: s, ctx: ctx, name: plainName}
	reader.snapshot(w.t, func() {})
	lists := map[string]*blockList{}
	for _, channel := range listChannels() {
		lists[channel] = reader.list(w.t, channel, "")
	}
	for who := range all {
		a, err := address.Parse(fmt.Sprintf("%s-%d@firma.example", prefix, who))
		if err != nil {
			t.Fatal(err)
		}
		one := account{Decisions: map[string]consent.Code{}, File: personOf(dossierOf(ctx, w.t, s, a.Exact()))}
		for _, text := range reader.heldOf(a) {
			one.Snapshot = append(one.Snapshot, strings.ReplaceAll(text, prefix, ""))
		}
		for channel, list := range lists {
			one.Decisions[channel] = decisions[fmt.Sprintf("%d %s", who, channel)]
			for i := range list.entries {
				if e := &list.entries[i]; e.Address == a.Exact() {
					one.Lists = append(one.Lists, fmt.Sprintf("%s %d %d %s %s %v %v %t", channel, e.Match, e.Kind, e.Scope, e.Reason, e.Since, e.Until, e.Partial))
				}
			}
		}
		slices.Sort(one.Lists)
		all[who] = one
	}
	return all
}

// personOf returns what a file says that holds: not the events that are void, and not what declares them so.
func personOf(d dossier.Dossier) personFile {
	p := personFile{Erased: fmt.Sprint(d.Subject.ErasedTime), InForce: d.Held.Suppressions}
	for i := range d.Channels {
		c := &d.Channels[i]
		p.Channels = append(p.Channels, fmt.Sprintf("%s %s %v %s %v", c.ID, c.Verdict, c.Reasons, c.LegalBasis, c.RefusedTime))
	}
	for i := range d.Suppressions {
		x := &d.Suppressions[i]
		p.Suppressions = append(p.Suppressions, fmt.Sprintf("%s %s %v %v", x.Reason, x.Scope, x.SinceTime, x.UntilTime))
	}
	for i := range d.Events {
		e := &d.Events[i]
		if e.VoidedBy != 0 || e.Kind == "void" {
			continue
		}
		var channels []string
		for _, c := range e.Channels {
			channels = append(channels, c.ID)
		}
		p.Events = append(p.Events, fmt.Sprintf("%s %v %v %s %s %s %s", e.Kind, e.OccurredTime, channels, e.LegalBasis, e.Declaration, e.Reason, e.Scope))
	}
	slices.Sort(p.Suppressions)
	slices.Sort(p.Events)
	p.Events = slices.Compact(p.Events) // What an import and a person both said is one fact, which may stand twice.
	return p
}

// undoneLife is a life with an import that is undone, and the same without it.
type undoneLife struct {
	w        *world
	s        *Service
	one, two string // prefixes of the people who are imported, and of those who are not
	erased   map[int]bool
}

// say records the same events and erasures about the people with both prefixes. Grants from before an erasure are refused.
func (l *undoneLife) say(ctx context.Context, t *rapid.T, when string) {
	var in record.Batch
	for _, e := range history(t) {
		for _, prefix := range []string{l.one, l.two} {
			in.Items = append(in.Items, record.BatchItem{Statement: e.statement(prefix)})
		}
	}
	if len(in.Items) > 0 {
		items, err := l.s.BatchRecord(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for i := range items {
			if items[i].Err != nil && !isFault(items[i].Err, fault.ErasedBefore) {
				t.Fatal(items[i].Err)
			}
		}
	}
	now := consent.InstantOf(l.w.clock.Now())
	for _, who := range rapid.SliceOfNDistinct(rapid.IntRange(0, people-1), 0, 2, rapid.ID[int]).Draw(t, "erased "+when) {
		l.erased[who] = true
		for _, prefix := range []string{l.one, l.two} {
			st := statement.Statement{Kind: consent.KindErase, Address: fmt.Sprintf("%s-%d@firma.example", prefix, who), Occurred: now}
			if _, err := l.s.Record(ctx, st, txn.Idempotency{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if rapid.IntRange(0, 2).Draw(t, "started anew "+when) == 0 {
		l.startAnew(ctx, t, l.s.Store)
	}
}

// startAnew ends the service, unless there is none yet, and begins another one over the store.
func (l *undoneLife) startAnew(ctx context.Context, t *rapid.T, store storage.Store) {
	if l.s != nil {
		l.s.Close()
	}
	var err error
	l.s, err = New(ctx, store, l.w.keys, Options{Now: l.w.clock.Now, Logger: slog.New(slog.DiscardHandler), UndoPage: 2})
	if err != nil {
		t.Fatal(err)
	}
}

// differing says what of the people who were imported is not as of those who were not; empty: nothing. The refusals of so many people who were
// erased meanwhile may be kept: it is not known any more which grants they had ended. These people are blocked all the same.
func (l *undoneLife) differing(undone, never [people]account, kept int64) string {
	for who := range undone {
		diff := cmp.Diff(never[who], undone[who])
		if diff == "" {
			continue
		}
		if kept--; !l.erased[who] || kept < 0 {
			return fmt.Sprintf("person %d (-never +undone):\n%s", who, diff)
		}
		for channel, reason := range undone[who].Decisions {
			if strings.HasPrefix(string(reason), "ALLOW") && reason != never[who].Decisions[channel] {
				return fmt.Sprintf("person %d is allowed (-never +undone):\n%s", who, diff)
			}
		}
	}
	return ""
}

// An import that is undone leaves everything that is told as it is without it: decisions, the file of each person with its figure, the snapshot of the
// feed and the block lists, also where people were erased before it or between, and the server was started anew.
func TestUndoImport_LeavesWhatIsTold_AsIfItHadNeverBeenImported(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.byStore = true
		first, ctx := w.acme()
		most := 20 // Each begins with a service that is made anew.
		if w.url != "" {
			most = 5
		}
		firstLives(t, most, func(t *rapid.T, run int) {
			l := &undoneLife{w: w, erased: map[int]bool{}, one: fmt.Sprintf("p%d", run), two: fmt.Sprintf("q%d", run)}
			l.startAnew(ctx, t, first.Store)
			defer func() { l.s.Close() }()
			l.say(ctx, t, "before")
			text := listFile(l.one, listRows(t))
			made, _, err := l.s.CreateImport(ctx, imports.NewImport{Options: listOptions(), SHA256: sha(text), Size: int64(len(text))})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := upload(ctx, l.s, imports.Upload{ID: made.ID}, text); err != nil {
				t.Fatal(err)
			}
			l.say(ctx, t, "between")
			_, left, err := l.s.UndoImport(ctx, made.ID, "the wrong file")
			if err != nil || !left.Complete {
				t.Fatalf("undo: %+v, %v", left, err)
			}
			if rapid.Bool().Draw(t, "started anew at the end") {
				l.startAnew(ctx, t, first.Store)
			}
			undone, never := accountsOf(ctx, t, w, l.s, l.one), accountsOf(ctx, t, w, l.s, l.two)
			if diff := l.differing(undone, never, left.Kept); diff != "" {
				t.Fatalf("undo %+v: %s\nimported:\n%s", left, diff, text)
			}
		})
	})
}
