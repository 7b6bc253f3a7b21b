package reference

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/assent-io/assent/examples"
	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
)

// answer is what the rules say to a request about an address of which nothing is known.
func answer(tb testing.TB, rules *consent.Rules) consent.Code {
	tb.Helper()
	a, err := address.Parse("nobody@example.com")
	if err != nil {
		tb.Fatal(err)
	}
	d := rules.Decide(a, &consent.Known{}, consent.InstantOf(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)))
	return d.Reason
}

func TestRulebook_RequestsThatDifferInTheReferenceOnly_ShareRules_AndEachIsJudgedByItsOwn(t *testing.T) {
	c, book := exampleCatalog(t), &Rulebook{}
	for range 2 {
		for reference, want := range map[string]consent.Code{
			"": consent.CodeReferenceMissing, "?": consent.CodeReferenceInvalid, "order-1": consent.CodeAllowContract,
		} {
			rules, err := book.Rules(c, consent.Request{Channel: "order-updates", Reference: reference})
			if err != nil {
				t.Fatal(err)
			}
			if got := answer(t, rules); got != want {
				t.Errorf("with the reference %q: %s, want %s", reference, got, want)
			}
		}
	}
	if n := len(*book.known.Load()); n != 1 {
		t.Errorf("%d rules are kept, want 1", n)
	}
}

func TestRulebook_OtherRequestOrCatalog_OtherRules(t *testing.T) {
	one, other, book := exampleCatalog(t), exampleCatalog(t), &Rulebook{}
	seen := map[*consent.Rules]string{}
	for range 2 {
		for _, c := range []*catalog.Catalog{one, other} {
			for _, r := range []consent.Request{
				{Channel: "newsletter"},
				{Channel: "order-updates"},
				{Channel: "order-updates", Advertising: true},
				{Channel: "newsletter", Sender: "acme-marketing"},
			} {
				rules, err := book.Rules(c, r)
				if err != nil {
					t.Fatal(err)
				}
				what := fmt.Sprintf("%p %+v", c, r)
				if before, ok := seen[rules]; ok && before != what {
					t.Errorf("%s has the rules of %s", what, before)
				}
				seen[rules] = what
				if fresh, _ := consent.NewRules(c, r); answer(t, fresh) != answer(t, rules) {
					t.Errorf("%s is answered in another way", what)
				}
			}
		}
	}
	if n := len(*book.known.Load()); n != 8 {
		t.Errorf("%d rules are kept, want 8", n)
	}
}

func TestRulebook_WhatCallersMakeUp_IsNotKept(t *testing.T) {
	c, book := exampleCatalog(t), &Rulebook{}
	rules, err := book.Rules(c, consent.Request{Channel: "newsletter", Sender: "made-up"})
	if err != nil || answer(t, rules) != consent.CodeSenderUnknown {
		t.Errorf("an unknown sender: %v", err)
	}
	_, err = book.Rules(c, consent.Request{Channel: "made-up"})
	if told, ok := errors.AsType[*fault.Error](err); !ok || told.Code != fault.UnknownChannel {
		t.Errorf("an unknown channel: %v", err)
	}
	if known := book.known.Load(); known != nil {
		t.Errorf("%d rules are kept", len(*known))
	}
}

func TestRulebook_IsBounded(t *testing.T) {
	book, request := &Rulebook{}, consent.Request{Channel: "newsletter"}
	c := exampleCatalog(t)
	for range 2*maxRules + 3 {
		same := *c // another catalog by its address
		if _, err := book.Rules(&same, request); err != nil {
			t.Fatal(err)
		}
		if n := len(*book.known.Load()); n > maxRules {
			t.Fatalf("%d rules are kept", n)
		}
	}
}

func TestRulebook_ManyAtOnce_AllGetTheirRules(t *testing.T) {
	book, c := &Rulebook{}, exampleCatalog(t)
	var all sync.WaitGroup
	for n := range 8 {
		request, want := consent.Request{Channel: "newsletter"}, consent.CodeNoLegalBasis
		if n%2 == 1 {
			request, want = consent.Request{Channel: "order-updates", Reference: fmt.Sprintf("order-%d", n)}, consent.CodeAllowContract
		}
		all.Go(func() {
			for range 100 {
				rules, err := book.Rules(c, request)
				if err != nil || answer(t, rules) != want {
					t.Error("other rules", err)
					return
				}
			}
		})
	}
	all.Wait()
}

// exampleCatalog is the catalog of the example company.
func exampleCatalog(tb testing.TB) *catalog.Catalog {
	tb.Helper()
	text, err := examples.Files.ReadFile("catalogs/acme.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	c, _, err := catalog.Parse("acme.yaml", text)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}
