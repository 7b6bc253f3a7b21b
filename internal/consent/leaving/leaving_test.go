package leaving_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/leaving"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

// TestAnswers_DependOnWhoseTheNoIsAndOnWhatCameAfter asks at 9, of the channel news.
func TestAnswers_DependOnWhoseTheNoIsAndOnWhatCameAfter(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("..", "testdata", "lab.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := catalog.Parse("lab.yaml", document)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := consent.NewRules(c, consent.Request{Channel: "news"})
	if err != nil {
		t.Fatal(err)
	}
	of := func(reason consent.Reason, scope consent.Scope) *consent.State {
		return &consent.State{Suppressions: []consent.Suppression{{Reason: reason, Scope: scope, At: 3, Until: 12}}}
	}
	refused := &consent.State{Refusals: []consent.Refusal{{Channel: "news", At: 3}}}
	consented := func(at consent.Instant) *consent.State {
		return &consent.State{Grants: []consent.Grant{{
			Channels: []string{"news"}, Basis: catalog.BasisConsent, Declaration: consent.Declaration{ID: "all", Version: "1"},
			Source: consent.SourceWebForm, Origin: at, At: at, Confirmed: at, Details: consent.AllDetails,
		}}}
	}
	linked := func(s *consent.State) []consent.LinkedState { return []consent.LinkedState{{State: s}} }
	type answers struct{ refused, objected, cameBack, unclear, deferred bool } // cameBack is since 1
	objection, click := of(consent.ReasonObjection, consent.ScopeMarketing), of(consent.ReasonUnsubscribeUnclear, "channel:news")
	for name, w := range map[string]struct {
		known consent.Known
		want  answers
	}{
		"nothing":                             {consent.Known{}, answers{}},
		"a refusal":                           {consent.Known{Folded: refused}, answers{refused: true}},
		"a refusal, and a consent since":      {consent.Known{Folded: refused, Exact: consented(5)}, answers{cameBack: true}},
		"a refusal after a consent":           {consent.Known{Folded: refused, Exact: consented(2)}, answers{refused: true}},
		"a refusal of a linked address":       {consent.Known{Folded: &consent.State{}, Linked: linked(refused)}, answers{}},
		"an objection":                        {consent.Known{Folded: objection}, answers{objected: true}},
		"an objection, and a consent since":   {consent.Known{Folded: objection, Exact: consented(5)}, answers{cameBack: true}},
		"an objection that reaches others":    {consent.Known{Folded: of(consent.ReasonObjection, "channel:shop")}, answers{}},
		"an objection of the domain":          {consent.Known{Domains: []*consent.State{nil, objection}}, answers{objected: true}},
		"one of the domain, a consent since":  {consent.Known{Domains: []*consent.State{objection}, Exact: consented(5)}, answers{objected: true}},
		"an objection of a linked address":    {consent.Known{Linked: linked(objection)}, answers{}},
		"one of a linked address, a consent":  {consent.Known{Linked: linked(objection), Exact: consented(5)}, answers{cameBack: true}},
		"a click":                             {consent.Known{Folded: click}, answers{unclear: true, deferred: true}},
		"a click, and a consent since":        {consent.Known{Folded: click, Exact: consented(5)}, answers{}},
		"a click of a linked address":         {consent.Known{Linked: linked(click)}, answers{deferred: true}},
		"a click for another channel":         {consent.Known{Folded: of(consent.ReasonUnsubscribeUnclear, "channel:shop")}, answers{}},
		"a consent that begins after the ask": {consent.Known{Folded: refused, Exact: consented(10)}, answers{refused: true}},
	} {
		got := answers{
			refused: leaving.Refused(rules, &w.known, 9), objected: leaving.Objected(rules, &w.known, 9),
			cameBack: leaving.CameBackAfter(rules, &w.known, 1, 9), unclear: leaving.IsUnclear(rules, &w.known, 9),
		}
		until, deferred := leaving.UnclearUntil(rules, &w.known, 9)
		if got.deferred = deferred; got != w.want || deferred != (until == 12) {
			t.Errorf("%s: %+v until %d, want %+v", name, got, until, w.want)
		}
	}
	if known := (consent.Known{Folded: objection, Exact: consented(5)}); leaving.CameBackAfter(rules, &known, 3, 9) || leaving.CameBackAfter(rules, &known, 4, 9) {
		t.Error("a no from before the instant counts")
	}
}
