package consent_test

import (
	"slices"
	"testing"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/consent/codec/codectest"
	"github.com/assent-io/assent/internal/consent/statement"
)

// customer is the history of an ordinary recipient: a confirmed sign-up, a purchase, a withdrawal.
func customer(tb testing.TB) *history {
	tb.Helper()
	c := mustCatalog(tb)
	h := &history{catalog: c}
	all := consent.Declaration{ID: "all-news", Version: "3"}
	for _, s := range []statement.Statement{
		{Kind: consent.KindRequest, Channels: []string{"newsletter"}, Declaration: all, Source: "web_form"},
		{Kind: consent.KindConfirm, Channels: []string{"newsletter"}, Source: "double_opt_in"},
		{
			Kind: consent.KindGrant, Channels: []string{"product-marketing"}, Basis: catalog.BasisExistingCustomer, Source: "web_form",
			TransactionID: "order-1", Notice: true, Goods: []string{"coffee"},
		},
		{Kind: consent.KindWithdraw, Channels: []string{"newsletter"}},
		{
			Kind: consent.KindGrant, Channels: []string{"newsletter", "product-marketing"}, Basis: catalog.BasisConsent, Declaration: all,
			Source: "web_form", Confirmed: instant(9),
		},
	} {
		s.Address, s.Occurred = "anna.huber@example.at", instant(len(h.facts))
		if !h.add(&s) {
			tb.Fatal("a statement is refused")
		}
	}
	return h
}

func BenchmarkFold(b *testing.B) {
	a := mustAddress(b, "anna.huber@example.at")
	events := customer(b).ledger().subjects[subject{consent.FormExact, a.Exact()}]
	into := slices.Clone(events)
	b.ReportAllocs()
	for b.Loop() {
		copy(into, events)
		consent.Fold(into)
	}
}

func BenchmarkDecide(b *testing.B) {
	h := customer(b)
	a, at := mustAddress(b, "anna.huber@example.at"), instant(10)
	known := h.ledger().known(a, at)
	for name, request := range map[string]consent.Request{
		"allow":         {Channel: "product-marketing"},
		"transactional": {Channel: "order-updates", Reference: "order-1"},
		"sender":        {Channel: "newsletter", Sender: "acme-marketing"},
	} {
		rules := mustRules(b, h.catalog, request)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rules.Decide(a, known, at)
			}
		})
	}
	rules := mustRules(b, h.catalog, consent.Request{Channel: "newsletter"})
	b.Run("unknown address", func(b *testing.B) {
		nobody := &consent.Known{Domains: []*consent.State{nil}}
		b.ReportAllocs()
		for b.Loop() {
			rules.Decide(a, nobody, at)
		}
	})
}

func BenchmarkState(b *testing.B) {
	h := customer(b)
	a := mustAddress(b, "anna.huber@example.at")
	state := h.ledger().state(subject{consent.FormExact, a.Exact()}, instant(10))
	n := codectest.NewNames()
	for i := range h.facts {
		h.facts[i].entry.Facts.Refs(n.Learn)
	}
	packed, err := codec.AppendState(nil, state, n)
	if err != nil {
		b.Fatalf("packing: %v", err)
	}
	b.Run("pack", func(b *testing.B) {
		b.ReportAllocs()
		buffer := make([]byte, 0, 2*len(packed))
		for b.Loop() {
			if _, err := codec.AppendState(buffer, state, n); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(packed)), "packed-bytes")
	})
	b.Run("unpack", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := codec.UnpackState(packed, n); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkHeader(b *testing.B) {
	h := customer(b)
	e := eventOf(h.facts[4].entry, h.facts[4].occurred, 5)
	header := codec.AppendHeader(nil, &e)
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		buffer := make([]byte, 0, 2*len(header))
		for b.Loop() {
			codec.AppendHeader(buffer, &e)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := codec.DecodeHeader(header); err != nil {
				b.Fatal(err)
			}
		}
	})
}
