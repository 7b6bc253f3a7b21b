package service

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

const day = 24 * time.Hour

// forgets returns the addresses, or the hashes, that a page tells to forget.
func forgets(p *changes.Page) []string {
	var texts []string
	for i := range p.Entries {
		if e := &p.Entries[i]; e.Kind == changes.KindAddress {
			texts = append(texts, fmt.Sprintf("%d %s%s", e.Match, e.Address, e.Hash))
		}
	}
	return texts
}

// readFrom reads a page from a token.
func readFrom(ctx context.Context, t *testing.T, s *Service, consumer, from string) changes.Page {
	t.Helper()
	p, err := s.ListChanges(ctx, changes.Request{From: from, Consumer: consumer})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func forgetRemovals(ctx context.Context, t *testing.T, s *Service) {
	t.Helper()
	if err := s.ForgetRemovals(ctx); err != nil {
		t.Fatal(err)
	}
}

// A tool may go on from a token that is older than what it has acknowledged: it was restored from its own backup, or is the slower of two
// processes of one client. It is told again while that is possible, and else has to take a new snapshot.
func TestFeed_TokenFromBeforeRemovalsThatWereDropped_IsCompacted(t *testing.T) {
	for _, form := range []consumers.Form{"", consumers.FormPlain, consumers.FormSHA1} {
		t.Run(string(form), func(t *testing.T) {
			eachStore(t, func(t *testing.T, w *world) {
				s, ctx := w.acme()
				tool := w.syncClient(ctx, s, "tool", "")
				id := ""
				if form != "" {
					id = w.consumer(ctx, s, "x", "tool", form).Consumer.ID
				}
				w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.com", start.AddDate(0, 0, -1)))
				old := feedToken(tool, t, s, changes.Request{Consumer: id})
				eraseNow(ctx, t, w, s, "anna@example.com")
				p := readFrom(tool, t, s, id, old)
				if got := forgets(&p); len(got) != 2 {
					t.Errorf("told to forget are %q", got)
				}
				w.clock.Advance(time.Minute)
				readFrom(tool, t, s, id, p.Token) // It acknowledges the erasure.
				forgetRemovals(ctx, t, s)
				p = readFrom(tool, t, s, id, old)
				if got := forgets(&p); len(got) != 2 {
					t.Errorf("after a restart, told to forget are %q", got)
				}
				w.clock.Advance(8 * day)
				readFrom(tool, t, s, id, p.Token)
				forgetRemovals(ctx, t, s)
				_, err := s.ListChanges(tool, changes.Request{From: old, Consumer: id})
				wantFault(t, err, fault.PositionCompacted)
				wantFault(t, s.WatchChanges(tool, changes.Request{From: old, Consumer: id}, func(changes.Page) error { return nil }),
					fault.PositionCompacted)
				readFrom(tool, t, s, id, p.Token)
				p, err = s.ListChanges(tool, changes.Request{From: changes.FromBeginning, Consumer: id, Size: 1})
				if err != nil {
					t.Fatal(err)
				}
				for p.More {
					p = readFrom(tool, t, s, id, p.Token) // A reader that began after the erasure has never had the address.
				}
			})
		})
	}
}

// What expires before a consumer was told is not lost in silence: the log names the consumer, and its token is refused.
func TestFeed_RemovalThatExpires_CompactsTheTokenAndIsLogged(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		var log bytes.Buffer
		s, err := New(t.Context(), w.store(), w.keys, Options{Now: w.clock.Now, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t)}); err != nil {
			t.Fatal(err)
		}
		slow, quick := w.syncClient(ctx, s, "slow", ""), w.syncClient(ctx, s, "quick", "")
		w.consumer(ctx, s, "slow-list", "slow", consumers.FormPlain)
		w.consumer(ctx, s, "quick-list", "quick", consumers.FormPlain)
		for i := range 4 {
			w.mustRecord(ctx, s, withdrawal("newsletter", fmt.Sprintf("person-%d@example.com", i)))
		}
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.com", start.AddDate(0, 0, -1)))
		eraseNow(ctx, t, w, s, "anna@example.com")
		pending := func(id string, want int64) {
			t.Helper()
			c, err := s.GetConsumer(ctx, id)
			if err != nil || c.RemovalsPending != want {
				t.Errorf("%s has %d pending, want %d, %v", id, c.RemovalsPending, want, err)
			}
		}
		pending("slow-list", 1)
		quickToken := feedToken(quick, t, s, changes.Request{Consumer: "quick-list"})
		w.clock.Advance(20 * day)
		readFrom(quick, t, s, "quick-list", quickToken)
		pending("quick-list", 0)
		page, err := s.ListConsumers(ctx, 10, "")
		if err != nil || len(page.Consumers) != 2 || page.Consumers[0].RemovalsPending != 0 || page.Consumers[1].RemovalsPending != 1 {
			t.Errorf("%+v, %v", page, err)
		}
		// A reader from the beginning is slow: its token is young, though what it has is old.
		p, err := s.ListChanges(slow, changes.Request{From: changes.FromBeginning, Consumer: "slow-list", Size: 1})
		if err != nil {
			t.Fatal(err)
		}
		eraseNow(ctx, t, w, s, "bert@example.com")
		w.clock.Advance(consumers.RemovalsKept - 2*day)
		p, err = s.ListChanges(slow, changes.Request{From: p.Token, Consumer: "slow-list", Size: 1})
		if err != nil || !p.More {
			t.Fatalf("%+v, %v", p, err)
		}
		forgetRemovals(ctx, t, s)
		w.clock.Advance(3 * day)
		readFrom(quick, t, s, "quick-list", feedToken(quick, t, s, changes.Request{Consumer: "quick-list"}))
		log.Reset()
		forgetRemovals(ctx, t, s)
		for _, text := range []string{"consumer=slow-list", "addresses=1"} {
			if !strings.Contains(log.String(), text) {
				t.Errorf("the log lacks %q: %s", text, log.String())
			}
		}
		if strings.Contains(log.String(), "quick-list") || strings.Contains(log.String(), "example.com") {
			t.Errorf("the log says %s", log.String())
		}
		pending("slow-list", 0)
		_, err = s.ListChanges(slow, changes.Request{From: p.Token, Consumer: "slow-list"})
		wantFault(t, err, fault.PositionCompacted)
	})
}

// A client that comes back after it was not told of erasures any more has no token that is still valid.
func TestFeed_ClientWithoutConsumer_ThatComesBackLate_IsCompacted(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		tool := w.syncClient(ctx, s, "tool", "")
		for _, who := range []string{"anna@example.com", "bert@example.com"} {
			w.mustRecord(ctx, s, consentOn("newsletter", who, start.AddDate(0, 0, -1)))
		}
		first := feedToken(tool, t, s, changes.Request{})
		w.clock.Advance(4 * time.Minute) // What it has is noted every five minutes, so its token is younger than what is noted.
		last := readFrom(tool, t, s, "", first).Token
		w.clock.Advance(consumers.RemovalsKept - 2*time.Minute)
		eraseNow(ctx, t, w, s, "anna@example.com")
		forgetRemovals(ctx, t, s)
		p := readFrom(tool, t, s, "", last)
		if got := forgets(&p); len(got) != 2 {
			t.Errorf("told to forget are %q", got)
		}
		w.clock.Advance(consumers.RemovalsKept + 2*time.Hour)
		eraseNow(ctx, t, w, s, "bert@example.com")
		forgetRemovals(ctx, t, s)
		_, err := s.ListChanges(tool, changes.Request{From: p.Token})
		wantFault(t, err, fault.PositionCompacted)
	})
}

func TestErase_OfOneAddressAgainAndAgain_LeavesItOnceForConsumers(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.syncClient(ctx, s, "tool", "")
		w.consumer(ctx, s, "plain", "tool", consumers.FormPlain)
		for i := range 4 {
			who := []string{"anna@example.com", "bert+x@gmail.com"}[i%2]
			_, err := s.Record(ctx, erasure(who, time.Time{}), txn.Idempotency{})
			if err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(time.Minute)
		}
		if got := removals(ctx, t, s, storage.Mark{}); !slices.Equal(got, []string{"anna@example.com", "bert+x@gmail.com"}) {
			t.Errorf("kept are %q", got)
		}
	})
}

// A client that has or had a consumer reads as that: in clear it would see what the consumer hides.
func TestActive_ClientOfAConsumer_HasToNameIt(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		tool, bare := w.syncClient(ctx, s, "tool", ""), w.syncClient(ctx, s, "bare", "")
		if _, err := s.Active(tool, ""); err != nil {
			t.Fatal(err)
		}
		w.consumer(ctx, s, "keyed", "tool", consumers.FormKeyed)
		refused := func() {
			t.Helper()
			_, err := s.Active(tool, "")
			wantFault(t, err, fault.ConsumerRequired)
			wantFault(t, s.ExportSuppressions(tool, changes.Request{}, func(changes.Part) error { return nil }), fault.ConsumerRequired)
		}
		refused()
		if _, err := s.RevokeConsumer(ctx, "keyed", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		refused()
		if _, err := s.Active(bare, ""); err != nil {
			t.Errorf("a client without a consumer: %v", err)
		}
	})
}

// A consumer, a note of a reader and an erasure in one transaction, in this order: the erasure is told to them.
func TestErase_InTheTransactionOfANewConsumer_IsTold(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		bare := w.syncClient(ctx, s, "bare", "")
		w.syncClient(ctx, s, "tool", "")
		create := func(id string) func() error {
			return func() error {
				_, err := s.CreateConsumer(ctx, consumers.NewConsumer{ID: id, Client: "tool", Form: consumers.FormPlain})
				return err
			}
		}
		erase := func(address string) func() error {
			return func() error {
				_, err := s.Record(ctx, erasure(address, time.Time{}), txn.Idempotency{})
				return err
			}
		}
		note := func() error { _, err := s.Active(bare, ""); return err }
		revoke := func() error { _, err := s.RevokeConsumer(ctx, "a", txn.Idempotency{}); return err }
		for i, err := range inOneTransaction(ctx, t, s, []func() error{
			erase("anna@example.com"), create("a"), erase("bert@example.com"), revoke, erase("carl@example.com"), note, erase("dora@example.com"), note,
		}) {
			if err != nil {
				t.Errorf("call %d: %v", i, err)
			}
		}
		if got := removals(ctx, t, s, storage.Mark{}); !slices.Equal(sorted(got), []string{"bert@example.com", "dora@example.com"}) {
			t.Errorf("told are %q", got)
		}
		errs := inOneTransaction(ctx, t, s, []func() error{create("b"), create("b")})
		if errs[0] != nil {
			t.Error(errs[0])
		}
		wantFault(t, errs[1], fault.ConsumerExists)
	})
}

func sorted(texts []string) []string { return slices.Sorted(slices.Values(texts)) }

// Consumers, notes, erasures and the worker at once: an erasure after the answer of a creation is always told.
func TestErase_WhileConsumersAreCreated_MissesNone(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const n = 6
		notes := make([]func() error, n)
		for i := range n {
			tool := w.syncClient(ctx, s, fmt.Sprintf("tool-%d", i), "")
			notes[i] = func() error { _, err := s.Active(tool, ""); return err }
		}
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() {
				if i%2 == 0 {
					if err := notes[i](); err != nil {
						t.Error(err)
					}
				} else if _, err := s.CreateConsumer(ctx, consumers.NewConsumer{
					ID: fmt.Sprintf("c-%d", i), Client: fmt.Sprintf("tool-%d", i), Form: consumers.FormPlain,
				}); err != nil {
					t.Error(err)
				}
				_, err := s.Record(ctx, erasure(fmt.Sprintf("person-%d@example.com", i), time.Time{}), txn.Idempotency{})
				if err != nil {
					t.Error(err)
				}
			})
			all.Go(func() {
				if err := s.ForgetRemovals(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for i := range n {
			id := fmt.Sprintf("c-%d", i)
			if i%2 == 0 {
				id = fmt.Sprintf("client/tool-%d", i)
			}
			_, found, err := tables.ConsumerOf(ctx, s.Store, id)
			if err != nil || len(found) != 1 {
				t.Fatalf("%s: %v, %v", id, found, err)
			}
			if got := removals(ctx, t, s, found[0].Acknowledged); !slices.Contains(got, fmt.Sprintf("person-%d@example.com", i)) {
				t.Errorf("%s is told of %q", id, got)
			}
		}
	})
}

// What a consumer was told is counted, so an erasure names its client to be told, also when the consumer was revoked.
func TestErase_NamesTheClientOfARevokedConsumer(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		officer := access.WithCaller(t.Context(), access.Process("officer"))
		tool := w.syncClient(ctx, s, "tool", "")
		w.consumer(ctx, s, "plain", "tool", consumers.FormPlain)
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.com", start.AddDate(0, 0, -1)))
		if err := s.ExportSuppressions(tool, changes.Request{Consumer: "plain"}, func(changes.Part) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := s.RevokeConsumer(ctx, "plain", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(300 * day)
		got := eraseNow(officer, t, w, s, "anna@example.com")
		if got.Learnt == nil || !slices.ContainsFunc(got.Learnt.Clients, func(c txn.LearntClient) bool { return c.ID == "tool" }) {
			t.Errorf("to be told are %+v", got.Learnt)
		}
	})
}

// The address that a person moved to stays known when the old one is erased, so that consumers are still told of its rules.
func TestErase_OfTheOldAddressOfAMove_LeavesTheNewOneOnTheLists(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		plain := w.reader(ctx, s, "plain", consumers.FormPlain)
		keyed := w.reader(ctx, s, "keyed", consumers.FormKeyed)
		const old, to = "anna@web.example", "Anna+shop@gmail.com"
		w.mustRecord(ctx, s, daysAgo(withdrawal("newsletter", old), 10))
		mustMove(ctx, t, w, s, old, to)
		eraseNow(ctx, t, w, s, old)
		hashes := hashesOf(t, s, to)
		if len(hashes) != 2 {
			t.Errorf("kept for the new address are %+v", hashes)
		}
		for _, r := range []*feedReader{plain, keyed} {
			for r.next(t) {
			}
			if got := r.holds[r.name(consent.FormExact, "anna+shop@gmail.com")]; len(got) == 0 {
				t.Errorf("a reader that begins anew holds nothing of the new address: %v", r.holds)
			}
		}
		if _, err := s.RevokeConsumer(ctx, "plain", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		forgetRemovals(ctx, t, s)
		searchTables(t, w, &needles{texts: []string{"anna@web.example"}})
		sound(t, w, s)
	})
}

// Between a migration down and up again nothing is left for consumers: tokens from before are refused, and list hashes are made up for by
// repeating the erasures that were kept.
func TestFeed_TablesThatWereMigratedDownAndUp_CompactTokens(t *testing.T) {
	w := newWorld(t, "sqlite")
	o := newOfficer(t)
	ctx := access.WithCaller(t.Context(), access.Process("test"))
	s := w.keptService(w.store(), o)
	if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t)}); err != nil {
		t.Fatal(err)
	}
	tool := w.syncClient(ctx, s, "tool", "")
	w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.com", start.AddDate(0, 0, -1)))
	old := feedToken(tool, t, s, changes.Request{})
	eraseNow(ctx, t, w, s, "anna@example.com")
	for _, step := range []string{"down", "up"} {
		text, err := os.ReadFile("../../migrations/sqlite/0007_consumers." + step + ".sql")
		if err != nil {
			t.Fatal(err)
		}
		w.raw().run(string(text))
	}
	_, err := s.ListChanges(tool, changes.Request{From: old})
	wantFault(t, err, fault.PositionCompacted)
	readFrom(tool, t, s, "", feedToken(tool, t, s, changes.Request{}))
	if got := hashesOf(t, s, "anna@example.com"); got != nil {
		t.Fatalf("kept are %+v", got)
	}
	list, err := o.ErasuresAfter(0)
	if err != nil {
		t.Fatal(err)
	}
	if lacked, err := s.RepeatErasures(ctx, list); err != nil || lacked != 0 {
		t.Errorf("the database lacked %d erasures, %v", lacked, err)
	}
	wantHashes(t, s, "anna@example.com", "anna@example.com", "anna@example.com")
}
