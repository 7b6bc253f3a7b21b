package service

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/txn"
)

// forgetter reads the feed, and notes which addresses it is told to forget.
type forgetter struct {
	ctx context.Context
	in  changes.Request
}

// next returns the exact forms that the reader is told to forget until the end of the ledger, in order.
func (r *forgetter) next(t *testing.T, s *Service) []string {
	t.Helper()
	var told []string
	for more := true; more; {
		p, err := s.ListChanges(r.ctx, r.in)
		if err != nil {
			t.Fatal(err)
		}
		for i := range p.Entries {
			if e := &p.Entries[i]; e.Kind == changes.KindAddress && e.Match == consent.FormExact {
				told = append(told, strings.TrimSuffix(e.Address, "@example.com"))
			}
		}
		r.in.From, more = p.Token, p.More
	}
	slices.Sort(told)
	return told
}

// A reader of some channels does not learn of a person who had nothing to do with them, because that person is erased.
func TestErase_IsToldToReadersOnlyThatMayHaveTheAddress(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		tool := w.syncClient(ctx, s, "tool", "")
		if _, err := s.CreateConsumer(ctx, consumers.NewConsumer{
			ID: "goods", Client: "tool", Channels: []string{"product-marketing"}, Form: consumers.FormPlain,
		}); err != nil {
			t.Fatal(err)
		}
		readers := map[string]*forgetter{
			"wide": {ctx: w.syncClient(ctx, s, "wide", "")}, "desk": {ctx: w.syncClient(ctx, s, "desk", "newsletter-desk")},
			"goods": {ctx: tool, in: changes.Request{Consumer: "goods"}},
		}
		want := func(name string, told ...string) {
			t.Helper()
			if got := readers[name].next(t, s); !slices.Equal(got, told) {
				t.Errorf("%s is told to forget %q, want %q", name, got, told)
			}
		}
		record := func(st statement.Statement) {
			t.Helper()
			w.clock.Advance(time.Second)
			w.mustRecord(ctx, s, st)
		}
		erase := func(names ...string) {
			t.Helper()
			for _, name := range names {
				w.clock.Advance(time.Second)
				if _, err := s.Record(ctx, erasure(name+"@example.com", time.Time{}), txn.Idempotency{}); err != nil {
					t.Fatal(err)
				}
			}
		}
		yesterday := start.AddDate(0, 0, -1)
		for name := range readers {
			want(name)
		}
		record(consentOn("newsletter", "anna@example.com", yesterday))
		record(consentOn("product-marketing", "bert@example.com", yesterday))
		record(statement.Statement{Kind: consent.KindSuppress, Address: "carl@example.com", Reason: consent.ReasonObjection})
		record(statement.Statement{
			Kind: consent.KindSuppress, Address: "dora@example.com", Reason: consent.ReasonManual, Scope: "department:marketing",
		})
		record(consentOn("newsletter", "emil@example.com", yesterday))
		record(consentOn("product-marketing", "fred@example.com", yesterday))
		record(linking(consent.KindLink, "emil@example.com", "fred@example.com"))
		for _, r := range readers {
			r.next(t, s)
		}
		erase("anna", "bert", "carl", "dora", "emil", "fred", "unknown")
		begins := map[string]string{"desk": readers["desk"].in.From, "goods": readers["goods"].in.From}
		want("wide", "anna", "bert", "carl", "dora", "emil", "fred", "unknown")
		want("desk", "anna", "carl", "emil", "fred")
		want("goods", "anna", "bert", "carl", "dora", "emil", "fred") // Its channel honours the newsletter.
		readers["desk"].in.From = ""                                  // It begins anew, and may have the addresses in lists.
		want("desk", "anna", "carl", "emil", "fred")
		readers["goods"].in.From = begins["goods"]
		want("goods", "anna", "bert", "carl", "dora", "emil", "fred")

		erase("bert")
		want("desk")
		w.clock.Advance(time.Second)
		record(consentOn("product-marketing", "bert@example.com", w.clock.Now())) // The erasure blocks on all channels, which is told in clear.
		want("desk")
		erase("bert")
		want("desk", "bert")
	})
}

// A channel that came to another department was that of its readers before.
func TestErase_IsToldToReadersThatHadTheChannelUnderAnEarlierCatalog(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		desk := &forgetter{ctx: w.syncClient(ctx, s, "desk", "newsletter-desk")}
		desk.next(t, s)
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.com", start.AddDate(0, 0, -1)))
		desk.next(t, s)
		moved := changed(t, acme(t), "newsletter, de: Wöchentlicher Newsletter}\n    department: newsletter-desk",
			"newsletter, de: Wöchentlicher Newsletter}\n    department: marketing", "sender_identities: [acme-newsletter]", "sender_identities: [acme-marketing]")
		w.clock.Advance(time.Second)
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: moved}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		if _, err := s.Record(ctx, erasure("anna@example.com", time.Time{}), txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		if got := desk.next(t, s); !slices.Equal(got, []string{"anna"}) {
			t.Errorf("told to forget are %q", got)
		}
	})
}
