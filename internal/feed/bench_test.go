package feed_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
)

func mustWorths(tb testing.TB) *feed.Worths {
	tb.Helper()
	const name = "acme.yaml"
	document, err := os.ReadFile(filepath.Join("..", "..", "examples", "catalogs", name))
	if err != nil {
		tb.Fatalf("reading the catalog: %v", err)
	}
	c, _, err := catalog.Parse(name, document)
	if err != nil {
		tb.Fatalf("parsing the catalog: %v", err)
	}
	w, err := feed.NewWorths(c)
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

func at(day int) consent.Instant {
	return consent.InstantOf(time.Date(2026, 2, day, 10, 0, 0, 0, time.UTC))
}

// customer is an ordinary recipient: a confirmed sign-up, a purchase, a withdrawal, and a consent that reopened; and a hard bounce.
func customer() (exact, folded *consent.State, spelling [16]byte) {
	all := consent.Declaration{ID: "all-news", Version: "3"}
	spelling = [16]byte{1}
	exact = &consent.State{Grants: []consent.Grant{
		{Channels: []string{"newsletter"}, Basis: catalog.BasisConsent, Declaration: all, Source: "double_opt_in", Origin: at(1), At: at(2), Confirmed: at(2)},
		{
			Channels: []string{"product-marketing"}, Basis: catalog.BasisExistingCustomer, Source: "web_form", Origin: at(3), At: at(3), Transaction: true,
			Notice: true, Goods: []string{"coffee"},
		},
		{
			Channels: []string{"newsletter", "product-marketing"}, Basis: catalog.BasisConsent, Declaration: all, Source: "web_form", Origin: at(6), At: at(6),
			Confirmed: at(6),
		},
	}}
	folded = &consent.State{
		Refusals:     []consent.Refusal{{Channel: "newsletter", At: at(4), Withdrew: true}},
		Suppressions: []consent.Suppression{{Reason: consent.ReasonHardBounce, Scope: consent.ScopeAll, At: at(5), Until: at(9), Spelling: spelling}},
	}
	return exact, folded, spelling
}

func held(card []feed.Rule) []feed.Held {
	list := make([]feed.Held, 0, len(card))
	for i := range card {
		list = append(list, feed.Hold(&card[i], feed.PlainOrder(&card[i])))
	}
	return list
}

func heldOfCustomer(w *feed.Worths) *feed.Cards {
	exact, folded, spelling := customer()
	return &feed.Cards{Exact: held(w.ExactCard(exact, folded, spelling)), Folded: held(feed.FoldedCard(folded, nil)), Domains: [][]feed.Held{nil}}
}

func TestEvaluate_OfACustomer_AllocatesNothing(t *testing.T) {
	w := mustWorths(t)
	cards, ch := heldOfCustomer(w), w.Channel("product-marketing")
	if got := ch.Evaluate(cards, false, at(8)); !got.Allowed || got.Blocked || got.Reason != consent.CodeAllowConsent || got.By == nil || got.By.Order != uint64(at(6)) {
		t.Fatalf("the customer who came back: %+v", got)
	}
	if allocs := testing.AllocsPerRun(100, func() { ch.Evaluate(cards, false, at(8)) }); allocs != 0 {
		t.Errorf("an evaluation allocates %v times", allocs)
	}
}

func BenchmarkCards(b *testing.B) {
	w := mustWorths(b)
	exact, folded, spelling := customer()
	b.ReportAllocs()
	for b.Loop() {
		w.ExactCard(exact, folded, spelling)
		feed.FoldedCard(folded, nil)
	}
}

func BenchmarkEvaluate(b *testing.B) {
	w := mustWorths(b)
	cards := heldOfCustomer(w)
	for _, id := range []string{"newsletter", "product-marketing", "order-updates"} {
		ch := w.Channel(id)
		b.Run(id, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ch.Evaluate(cards, false, at(8))
			}
		})
	}
	nothing := &feed.Cards{Domains: [][]feed.Held{nil}}
	b.Run("unknown address", func(b *testing.B) {
		ch := w.Channel("newsletter")
		b.ReportAllocs()
		for b.Loop() {
			ch.Evaluate(nothing, false, at(8))
		}
	})
}
