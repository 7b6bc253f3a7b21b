package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/testkit"
)

// watched is a watcher that runs.
type watched struct {
	pages chan changes.Page
	ended chan error
	stop  context.CancelFunc
}

// watch begins to watch; the watcher holds up each page until hold is closed, unless it is nil.
func (w *world) watch(ctx context.Context, s *Service, in changes.Request, hold chan struct{}) *watched {
	w.t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	x := &watched{pages: make(chan changes.Page, 10_000), ended: make(chan error, 1), stop: cancel}
	go func() {
		x.ended <- s.WatchChanges(ctx, in, func(p changes.Page) error {
			x.pages <- p
			if hold != nil && len(p.Entries) > 0 {
				<-hold
			}
			return nil
		})
	}()
	w.t.Cleanup(cancel)
	return x
}

// until returns the entries of the pages until there are so many.
func (x *watched) until(t testing.TB, n int) (entries []changes.Entry, token string) {
	t.Helper()
	deadline := time.After(time.Minute)
	for len(entries) < n {
		select {
		case p := <-x.pages:
			entries, token = append(entries, p.Entries...), p.Token
		case err := <-x.ended:
			t.Fatalf("it ended after %d entries: %v", len(entries), err)
		case <-deadline:
			t.Fatalf("%d entries came", len(entries))
		}
	}
	return entries, token
}

func (x *watched) wantEnd(t testing.TB, want fault.Code) {
	t.Helper()
	select {
	case err := <-x.ended:
		wantFault(t, err, want)
	case <-time.After(time.Minute):
		t.Error("it did not end")
	}
}

func TestWatch_TellsWhatIsAcknowledged_AndGoesOnByItsToken(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		sync := w.syncClient(ctx, s, "sync", "")
		x := w.watch(sync, s, changes.Request{}, nil)
		begin := <-x.pages
		if len(begin.Entries) != 0 || begin.Token == "" {
			t.Fatalf("it began with %+v", begin)
		}
		w.mustRecord(ctx, s, withdrawal("newsletter", "anna@example.com"))
		entries, token := x.until(t, 1)
		if e := entries[0]; e.Change != changes.Added || e.Address != "anna@example.com" || e.Rule.Channel != "newsletter" || e.Reason != "WITHDRAWN" {
			t.Errorf("got %+v", e)
		}
		x.stop()
		if err := <-x.ended; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		w.mustRecord(ctx, s, withdrawal("newsletter", "bert@example.com"))
		again := w.watch(sync, s, changes.Request{From: token}, nil)
		w.mustRecord(ctx, s, withdrawal("newsletter", "carl@example.com"))
		entries, _ = again.until(t, 2)
		if entries[0].Address != "bert@example.com" || entries[1].Address != "carl@example.com" || len(entries) != 2 {
			t.Errorf("got %+v", entries)
		}
	})
}

// importRefusals imports refusals of so many addresses, counted from a number.
func (w *world) importRefusals(ctx context.Context, s *Service, from, n int) {
	w.t.Helper()
	in := record.Batch{Batch: consent.BatchID{7}}
	for i := range n {
		st := withdrawal("newsletter", fmt.Sprintf("many%d@example.com", from+i))
		st.Occurred = consent.InstantOf(w.clock.Now())
		in.Items = append(in.Items, record.BatchItem{Statement: st})
	}
	results, err := s.BatchRecord(ctx, in)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range results {
		if results[i].Err != nil {
			w.t.Fatal(results[i].Err)
		}
	}
}

func TestWatch_SlowReader_IsCut_AndOthersAreNot(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.feed.Waiting = 2_000
	s, ctx := w.acme()
	sync := w.syncClient(ctx, s, "sync", "")
	hold := make(chan struct{})
	defer close(hold)
	slow, quick := w.watch(sync, s, changes.Request{}, hold), w.watch(sync, s, changes.Request{}, nil)
	<-slow.pages
	<-quick.pages
	// Before that, a page comes from what the watcher reads itself, and it is cut only after two minutes.
	testkit.Eventually(t, time.Minute, "both hear of what is new", func() bool { return s.FeedStats().Watchers == 2 })
	w.mustRecord(ctx, s, withdrawal("newsletter", "first@example.com"))
	quick.until(t, 1)
	slow.until(t, 1)
	told := 0
	for told < 2_500 {
		w.importRefusals(ctx, s, told, 500)
		told += 500
		quick.until(t, 500)
	}
	w.mustRecord(ctx, s, withdrawal("newsletter", "last@example.com"))
	slow.wantEnd(t, fault.SlowWatcher)
	quick.until(t, 1)
}

func TestWatch_RevokedClientAndConsumer_End(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		sync := w.syncClient(ctx, s, "sync", "")
		x := w.watch(sync, s, changes.Request{}, nil)
		<-x.pages
		w.mustRecord(ctx, s, withdrawal("newsletter", "anna@example.com"))
		x.until(t, 1)
		if _, err := s.RevokeClient(ctx, "sync"); err != nil {
			t.Fatal(err)
		}
		x.wantEnd(t, fault.Unauthenticated)
		other := w.syncClient(ctx, s, "other", "")
		w.consumer(ctx, s, "tool", "other", consumers.FormPlain)
		y := w.watch(other, s, changes.Request{Consumer: "tool"}, nil)
		<-y.pages
		if _, err := s.RevokeConsumer(ctx, "tool", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, time.Minute, "the watcher of the consumer ends", func() bool {
			w.mustRecord(ctx, s, withdrawal("newsletter", "bert@example.com"))
			select {
			case err := <-y.ended:
				wantFault(t, err, fault.ConsumerRevoked)
				return true
			default:
				return false
			}
		})
	})
}

func TestWatch_ClientThatStaysConnected_IsToldOfErasuresForever(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		sync := w.syncClient(ctx, s, "sync", "")
		x := w.watch(sync, s, changes.Request{}, nil)
		<-x.pages
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.com", w.clock.Now()))
		for range 2 {
			w.clock.Advance(20 * 24 * time.Hour)
			since := consent.InstantOf(w.clock.Now())
			testkit.Eventually(t, time.Minute, "the client is known to be there", func() bool {
				w.mustRecord(ctx, s, withdrawal("product-marketing", "bert@example.com"))
				_, rows, err := tables.ConsumerOf(ctx, s.Store, "client/sync")
				return err == nil && len(rows) == 1 && rows[0].Seen >= since
			})
		}
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindErase, Address: "anna@example.com"})
		testkit.Eventually(t, time.Minute, "the watcher is told of the erasure", func() bool {
			p := <-x.pages
			return slices.ContainsFunc(p.Entries, func(e changes.Entry) bool {
				return e.Kind == changes.KindAddress && e.Address == "anna@example.com"
			})
		})
	})
}

func TestWatch_ServiceThatCloses_EndsIt(t *testing.T) {
	w := newWorld(t, "sqlite")
	s, ctx := w.acme()
	sync := w.syncClient(ctx, s, "sync", "")
	x := w.watch(sync, s, changes.Request{}, nil)
	<-x.pages
	w.mustRecord(ctx, s, withdrawal("newsletter", "anna@example.com"))
	x.until(t, 1)
	s.CloseFeed()
	x.wantEnd(t, fault.ServerStopping)
	w.watch(sync, s, changes.Request{}, nil).wantEnd(t, fault.ServerStopping) // The hub does not begin again.
}

func TestFeed_ReaderThatTakesNothing_DoesNotHoldUpTheStop(t *testing.T) {
	for name, read := range map[string]func(context.Context, *Service, func() error) error{
		"a snapshot": func(ctx context.Context, s *Service, hold func() error) error {
			return s.ExportSuppressions(ctx, changes.Request{}, func(changes.Part) error { return hold() })
		},
		"a watcher that has not caught up": func(ctx context.Context, s *Service, hold func() error) error {
			return s.WatchChanges(ctx, changes.Request{}, func(changes.Page) error { return hold() })
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "sqlite")
			s, ctx := w.acme()
			sync := w.syncClient(ctx, s, "sync", "")
			begun, hold, ended := make(chan struct{}, 1), make(chan struct{}), make(chan error, 1)
			defer close(hold)
			go func() {
				ended <- read(sync, s, func() error {
					begun <- struct{}{}
					<-hold
					return nil
				})
			}()
			<-begun
			s.CloseFeed()
			(&watched{ended: ended}).wantEnd(t, fault.ServerStopping)
		})
	}
}

func TestSnapshot_RevokedConsumer_Ends(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		sync := w.syncClient(ctx, s, "sync", "")
		w.consumer(ctx, s, "tool", "sync", consumers.FormPlain)
		w.mustRecord(ctx, s, withdrawal("newsletter", "anna@example.com"))
		told := 0
		err := s.ExportSuppressions(sync, changes.Request{Consumer: "tool"}, func(p changes.Part) error {
			if told += len(p.Entries); p.Complete || len(p.Channels) == 0 {
				return nil
			}
			_, err := s.RevokeConsumer(ctx, "tool", txn.Idempotency{})
			return err
		})
		wantFault(t, err, fault.ConsumerRevoked)
		if told != 0 {
			t.Errorf("it was told %d rules after it was revoked", told)
		}
	})
}

func TestFeed_CatalogThatDecidesOtherwise_ResetsItsChannels(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		sync := w.syncClient(ctx, s, "sync", "")
		from := feedToken(sync, t, s, changes.Request{})
		apply := func(from, to string) {
			t.Helper()
			w.clock.Advance(time.Second)
			if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: changed(t, acme(t), from, to)}); err != nil {
				t.Fatal(err)
			}
		}
		apply("name: {en: Weekly newsletter", "name: {en: Our newsletter")
		p, err := s.ListChanges(sync, changes.Request{From: from})
		if err != nil || len(p.Entries) != 0 {
			t.Errorf("a name resets: %+v, %v", p.Entries, err)
		}
		apply("consent_lapses_after: P24M", "consent_lapses_after: P12M")
		p, err = s.ListChanges(sync, changes.Request{From: p.Token})
		if err != nil || len(p.Entries) == 0 {
			t.Fatalf("nothing is reset: %v", err)
		}
		for _, e := range p.Entries {
			if e.Change != changes.Reset || e.Rule.Channel == "" || e.Address != "" {
				t.Errorf("got %+v", e)
			}
		}
		if again, err := s.ListChanges(sync, changes.Request{From: p.Token}); err != nil || len(again.Entries) != 0 {
			t.Errorf("it resets twice: %+v, %v", again.Entries, err)
		}
	})
}

func TestFeed_ChannelsThatTheReaderReadsNoLonger_AreReset(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		desk, all := w.syncClient(ctx, s, "desk", "newsletter-desk"), w.syncClient(ctx, s, "all", "")
		fromDesk, fromAll := feedToken(desk, t, s, changes.Request{}), feedToken(all, t, s, changes.Request{})
		apply := func(document string) {
			t.Helper()
			w.clock.Advance(time.Second)
			if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document}); err != nil {
				t.Fatal(err)
			}
		}
		moved := changed(t, acme(t), "newsletter, de: Wöchentlicher Newsletter}\n    department: newsletter-desk",
			"newsletter, de: Wöchentlicher Newsletter}\n    department: marketing", "sender_identities: [acme-newsletter]", "sender_identities: [acme-marketing]")
		apply(moved)
		for name, r := range map[string]struct {
			ctx  context.Context
			from string
		}{"the department that had it": {desk, fromDesk}, "all departments": {all, fromAll}} {
			p, err := s.ListChanges(r.ctx, changes.Request{From: r.from})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(p.Entries, func(e changes.Entry) bool {
				return e.Change == changes.Reset && e.Rule.Channel == "newsletter" && e.Match == 0
			}) {
				t.Errorf("%s: newsletter is not reset: %+v", name, p.Entries)
			}
			if again, err := s.ListChanges(r.ctx, changes.Request{From: p.Token}); err != nil || len(again.Entries) != 0 {
				t.Errorf("%s: it resets twice: %+v, %v", name, again.Entries, err)
			}
		}
	})
}

func TestWatch_TokenOfAFirstMessage_HidesNoErasure(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		sync := w.syncClient(ctx, s, "sync", "")
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.com", w.clock.Now()))
		feedToken(sync, t, s, changes.Request{}) // From here on the client is told of erasures.
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindErase, Address: "anna@example.com"})
		broken := errors.New("the connection broke")
		var first changes.Page
		err := s.WatchChanges(sync, changes.Request{}, func(p changes.Page) error {
			first = p
			return broken
		})
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(first.Entries, func(e changes.Entry) bool { return e.Kind == changes.KindAddress && e.Address == "anna@example.com" }) {
			t.Errorf("the first message has a token, and lacks the erased address: %+v", first)
		}
	})
}
