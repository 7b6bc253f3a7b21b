package service

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/token"
)

// feedToken returns a token of now.
func feedToken(ctx context.Context, t testing.TB, s *Service, in changes.Request) string {
	t.Helper()
	in.From = changes.FromNow
	p, err := s.ListChanges(ctx, in)
	if err != nil || p.Token == "" {
		t.Fatalf("got %+v, %v", p, err)
	}
	return p.Token
}

func TestFeed_TokensThatAreNotItsOwn_AreRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		sync := w.syncClient(ctx, s, "sync", "")
		other := w.syncClient(ctx, s, "other", "")
		w.consumer(ctx, s, "tool", "other", consumers.FormSHA256)
		w.mustRecord(ctx, s, withdrawal("newsletter", "anna@example.com"))
		good := feedToken(sync, t, s, changes.Request{})
		wants := func(ctx context.Context, in changes.Request, want fault.Code) {
			t.Helper()
			_, err := s.ListChanges(ctx, in)
			wantFault(t, err, want)
			wantFault(t, s.WatchChanges(ctx, in, func(changes.Page) error { return nil }), want)
		}
		for _, text := range []string{good[:len(good)-1], good + "A", "1", "x", "Now", strings.ToUpper(good)} {
			wants(sync, changes.Request{From: text}, fault.InvalidToken)
		}
		for i := 1; i < len(good); i += 7 {
			altered := []byte(good)
			if altered[i] = 'A'; good[i] == 'A' {
				altered[i] = 'B'
			}
			wants(sync, changes.Request{From: string(altered)}, fault.InvalidToken)
		}
		wants(sync, changes.Request{From: good, Channels: []string{"newsletter"}}, fault.InvalidToken)
		wants(sync, changes.Request{From: good, Kinds: []feed.Kind{feed.KindGrant}}, fault.InvalidToken)
		wants(other, changes.Request{From: good, Consumer: "tool"}, fault.InvalidToken)
		wants(sync, changes.Request{From: good, Consumer: "tool"}, fault.ConsumerMissing)
		wants(other, changes.Request{}, fault.ConsumerRequired)
		wants(w.syncClient(ctx, s, "desk", "newsletter-desk"), changes.Request{From: good}, fault.InvalidToken)
		wants(w.syncClient(ctx, s, "another", ""), changes.Request{From: good}, fault.InvalidToken)
		wants(sync, changes.Request{Consumer: "none"}, fault.ConsumerMissing)
		wants(sync, changes.Request{Channels: []string{"none"}}, fault.UnknownChannel)
		wants(w.syncClient(ctx, s, "desk2", "newsletter-desk"), changes.Request{Channels: []string{"product-marketing"}}, fault.OtherDepartment)
		sender := w.newClient(ctx, s, administration.NewClient{ID: "sender", AllDepartments: true, Role: "sender"})
		wants(sender, changes.Request{}, fault.ScopeMissing)
	})
}

func TestFeed_TokensOfAnotherLedger_AreRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		sync := w.syncClient(ctx, s, "sync", "")
		w.mustRecord(ctx, s, withdrawal("newsletter", "anna@example.com"))
		good := feedToken(sync, t, s, changes.Request{})
		for name, alter := range map[string]func(f *token.Feed){
			"another database":  func(f *token.Feed) { f.Store = append([]byte{}, make([]byte, 16)...) },
			"other events":      func(f *token.Feed) { f.Root = make([]byte, 32) },
			"beyond the end":    func(f *token.Feed) { f.Position++ },
			"a later revision":  func(f *token.Feed) { f.Revision++ },
			"an earlier ledger": func(f *token.Feed) { f.Position-- },
		} {
			read, err := token.ReadFeed(w.keys, good)
			if err != nil {
				t.Fatal(err)
			}
			alter(read)
			text, err := token.NewFeed(w.keys, read)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.ListChanges(sync, changes.Request{From: text}); !fault.Is(err, fault.OtherHistory) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
}

func TestFeed_OldTokens_AreCompacted(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		sync := w.syncClient(ctx, s, "sync", "")
		tool := w.syncClient(ctx, s, "tool", "")
		w.consumer(ctx, s, "keyed", "tool", consumers.FormKeyed)
		plain, keyed := feedToken(sync, t, s, changes.Request{}), feedToken(tool, t, s, changes.Request{Consumer: "keyed"})
		w.clock.Advance(consumers.RemovalsKept - time.Minute)
		if _, err := s.ListChanges(sync, changes.Request{From: plain}); err != nil {
			t.Errorf("a young token: %v", err)
		}
		w.clock.Advance(2 * time.Minute)
		_, err := s.ListChanges(sync, changes.Request{From: plain})
		wantFault(t, err, fault.PositionCompacted)
		if _, err := s.ListChanges(tool, changes.Request{From: keyed, Consumer: "keyed"}); err != nil {
			t.Errorf("a keyed consumer is told of no removals: %v", err)
		}
		w.clock.Advance(400 * 24 * time.Hour)
		_, err = s.ListChanges(tool, changes.Request{From: keyed, Consumer: "keyed"})
		wantFault(t, err, fault.PositionCompacted)
	})
}

func TestFeed_TokenFromBeforeTheReader_IsCompacted(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		sync := w.syncClient(ctx, s, "sync", "")
		w.mustRecord(ctx, s, withdrawal("newsletter", "anna@example.com"))
		good := feedToken(sync, t, s, changes.Request{})
		if _, err := s.ListChanges(sync, changes.Request{From: good}); err != nil {
			t.Errorf("a token of the reader: %v", err)
		}
		read, err := token.ReadFeed(w.keys, good)
		if err != nil {
			t.Fatal(err)
		}
		read.Made-- // The reader was noted at the same instant.
		old, err := token.NewFeed(w.keys, read)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.ListChanges(sync, changes.Request{From: old})
		wantFault(t, err, fault.PositionCompacted)
	})
}

func TestFeed_PurgedRevisions_AreCompacted(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		sync := w.syncClient(ctx, s, "sync", "")
		good := feedToken(sync, t, s, changes.Request{})
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.com", w.clock.Now()))
		if _, err := s.Record(ctx, statement.Statement{Kind: consent.KindErase, Address: "anna@example.com"}, txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		if err := s.Store.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := s.ListChanges(sync, changes.Request{From: good})
		wantFault(t, err, fault.PositionCompacted)
	})
}
