package service

import (
	"errors"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/consent/operational"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/storage"
)

// hot is what deciding about one address from packed states takes, with memory that is used again.
type hot struct {
	hasher        *seal.Hasher
	Names         *reference.Table
	rules         *consent.Rules
	exact, folded []byte // packed
	exactState    consent.State
	foldedState   consent.State
	digests       [][32]byte
	domains       []string
	none          []*consent.State
}

func newHot(tb testing.TB, c *catalog.Catalog, withdrawn bool) *hot {
	tb.Helper()
	keys, err := seal.Create(tb.TempDir() + "/test.keys")
	if err != nil {
		tb.Fatal(err)
	}
	h := &hot{hasher: keys.Hasher(), Names: &reference.Table{}, none: make([]*consent.State, 3)}
	tb.Cleanup(h.hasher.Release)
	if h.rules, err = (&reference.Rulebook{}).Rules(c, consent.Request{Channel: "newsletter"}); err != nil {
		tb.Fatal(err)
	}
	if h.Names, err = reference.NewTable([]storage.Ref{
		{Number: 1, Kind: consent.RefChannel, Name: "newsletter"},
		{Number: 2, Kind: consent.RefDeclaration, Name: "newsletter-signup@2026-01"},
		{Number: 3, Kind: consent.RefChannel, Name: "product-marketing"},
	}); err != nil {
		tb.Fatal(err)
	}
	at := consent.InstantOf(start.Add(-48 * time.Hour))
	given := &consent.State{Last: at, Grants: []consent.Grant{{
		Position: 1_000_001, Channels: []string{"newsletter"}, Basis: catalog.BasisConsent, Source: consent.SourceWebForm,
		Declaration: consent.Declaration{ID: "newsletter-signup", Version: "2026-01"}, Origin: at, At: at, Confirmed: at.Add(7 * time.Minute),
	}}}
	refused := &consent.State{Last: at, Refusals: []consent.Refusal{{Channel: "product-marketing", At: at, Withdrew: true}}}
	if withdrawn {
		refused.Last = at.Add(time.Hour)
		refused.Refusals = []consent.Refusal{{Channel: "newsletter", At: refused.Last, Withdrew: true}}
	}
	if h.exact, err = codec.AppendState(nil, given, h.Names); err != nil {
		tb.Fatal(err)
	}
	if h.folded, err = codec.AppendState(nil, refused, h.Names); err != nil {
		tb.Fatal(err)
	}
	return h
}

// decide decides about one address of which both subjects are known, in the steps of a check but for finding the states.
func (h *hot) decide(typed string, now consent.Instant) (consent.Decision, error) {
	a, err := address.Parse(typed)
	if err != nil {
		return consent.Decision{}, err
	}
	h.digests = h.digests[:0]
	digest := func(form consent.Form, canonical string) {
		sum, failed := h.hasher.Digest(0, form, canonical)
		h.digests, err = append(h.digests, sum), errors.Join(err, failed)
	}
	digest(consent.FormExact, a.Exact())
	digest(consent.FormFolded, a.Folded())
	h.domains = a.AppendDomains(h.domains[:0])
	for _, name := range h.domains {
		digest(consent.FormDomain, name)
	}
	if err == nil {
		err = codec.UnpackInto(&h.exactState, codec.InForce(h.exact, 0), h.Names)
	}
	if err == nil {
		err = codec.UnpackInto(&h.foldedState, codec.InForce(h.folded, 0), h.Names)
	}
	if err != nil {
		return consent.Decision{}, err
	}
	known := consent.Known{Exact: &h.exactState, Folded: &h.foldedState, Domains: h.none[:len(h.domains)]}
	return operational.Decide(h.rules, a, &known, now), nil
}

const typical = "anna.huber2874@example.at"

func TestHotPath_OfAnAddress_TakesNoMemory(t *testing.T) {
	c, now := parsed(t), consent.InstantOf(start)
	for _, withdrawn := range []bool{false, true} {
		h, want := newHot(t, c, withdrawn), consent.CodeAllowConsent
		if withdrawn {
			want = consent.CodeWithdrawn
		}
		allocated := testing.AllocsPerRun(100, func() {
			if d, err := h.decide(typical, now); err != nil || d.Reason != want {
				t.Errorf("%s, %v, want %s", d.Reason, err, want)
			}
		})
		if allocated != 0 {
			t.Errorf("%s takes %v pieces of memory", want, allocated)
		}
	}
}

func BenchmarkHotPath(b *testing.B) {
	c, now := parsed(b), consent.InstantOf(start)
	for name, withdrawn := range map[string]bool{"allow": false, "deny": true} {
		h := newHot(b, c, withdrawn)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.decide(typical, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	h := newHot(b, c, false)
	if _, err := h.decide(typical, now); err != nil {
		b.Fatal(err)
	}
	b.Run("unpack two", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = codec.UnpackInto(&h.exactState, codec.InForce(h.exact, 0), h.Names), codec.UnpackInto(&h.foldedState, codec.InForce(h.folded, 0), h.Names)
		}
		b.ReportMetric(float64(len(h.exact)), "packed-bytes")
	})
	a, err := address.Parse(typical)
	if err != nil {
		b.Fatal(err)
	}
	known := consent.Known{Exact: &h.exactState, Folded: &h.foldedState, Domains: h.none[:1]}
	b.Run("decide", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			h.rules.Decide(a, &known, now)
		}
	})
	book := &reference.Rulebook{}
	b.Run("rules kept", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = book.Rules(c, consent.Request{Channel: "newsletter"})
		}
	})
	b.Run("rules made", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = consent.NewRules(c, consent.Request{Channel: "newsletter"})
		}
	})
}

func parsed(tb testing.TB) *catalog.Catalog {
	tb.Helper()
	c, _, err := catalog.Parse("acme.yaml", []byte(acme(tb)))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}
