package check

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/obligation"
	"github.com/assent-io/assent/internal/fault"
)

func anyDecision(senders []*catalog.SenderIdentity) *rapid.Generator[consent.Decision] {
	return rapid.Custom(func(t *rapid.T) consent.Decision {
		codes := rapid.SliceOfN(rapid.SampledFrom([]consent.Code{
			consent.CodeAllowConsent, consent.CodeWithdrawn, consent.CodeObjection,
		}), 1, 3).Draw(t, "codes")
		d := consent.Decision{
			Verdict: rapid.SampledFrom([]consent.Verdict{consent.Allow, consent.Deny}).Draw(t, "verdict"), Reason: codes[0], Reasons: codes,
			Basis:       rapid.SampledFrom([]catalog.Basis{"", catalog.BasisConsent, catalog.BasisTerms}).Draw(t, "basis"),
			Declaration: rapid.SampledFrom([]consent.Declaration{{}, {ID: "d", Version: "1"}, {ID: "d", Version: "2"}}).Draw(t, "declaration"),
			Sender:      rapid.SampledFrom(senders).Draw(t, "sender"),
			About:       rapid.SampledFrom([]consent.About{0, consent.AboutRequest, consent.AboutRecipient}).Draw(t, "about"),
			Position:    rapid.Int64Range(0, 5).Draw(t, "position"), Decided: consent.Instant(rapid.Int64Range(1, 2).Draw(t, "decided")),
			ValidUntil: consent.Instant(rapid.Int64Range(0, 3).Draw(t, "until")),
			BasisEnd:   consent.Instant(rapid.Int64Range(0, 3).Draw(t, "end")),
		}
		if rapid.Bool().Draw(t, "obliged") {
			d.Obligations = []string{obligation.Imprint}
		}
		return d
	})
}

func TestOutcomes_EachAddress_HasItsOwn_AndNoneStandsThereTwice(t *testing.T) {
	senders := []*catalog.SenderIdentity{nil, {ID: "a"}, {ID: "b"}}
	var o outcomes // used again and again, as requests are
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "addresses")
		o.reset(n)
		decisions, failures := make([]consent.Decision, n), make([]*fault.Error, n)
		for i := range n {
			if rapid.IntRange(0, 9).Draw(t, "fails") == 0 {
				how := rapid.SampledFrom([]string{"one way", "another way"}).Draw(t, "how")
				failures[i] = fault.Errorf(fault.InvalidAddress, "address", "%s", how)
				o.addFailure(i, failures[i])
				continue
			}
			decisions[i] = anyDecision(senders).Draw(t, "decision")
			o.addDecision(i, &decisions[i])
		}
		result := BatchResult{Outcomes: o.list, Of: o.outcomeOf, Positions: o.grant, ValidUntil: o.until, BasisEnd: o.basisEnd}
		for i := range n {
			d, err := result.Item(i)
			if diff := cmp.Diff(decisions[i], d); diff != "" {
				t.Fatalf("address %d: %s", i, diff)
			}
			if diff := cmp.Diff(failures[i], err, cmpopts.IgnoreUnexported(fault.Error{})); diff != "" {
				t.Fatalf("address %d: %s", i, diff)
			}
		}
		total := 0
		for i := range o.list {
			total += o.list[i].N
			for j := range i {
				if (o.list[i].Err == nil) == (o.list[j].Err == nil) && cmp.Equal(o.list[i].Decision, o.list[j].Decision) &&
					(o.list[i].Err == nil || o.list[i].Err.Message == o.list[j].Err.Message) {
					t.Fatalf("an outcome stands there twice: %+v", o.list[i])
				}
			}
		}
		if total != n {
			t.Fatalf("the outcomes count %d addresses, and there are %d", total, n)
		}
	})
}

func BenchmarkOutcomes(b *testing.B) {
	const n = 10_000
	sender := &catalog.SenderIdentity{ID: "a"}
	decisions := make([]consent.Decision, n)
	for i := range decisions {
		decisions[i] = consent.Decision{
			Verdict: consent.Deny, Reason: consent.Code(fmt.Sprint("CODE_", i%20)), Reasons: []consent.Code{"A", "B"},
			Sender: sender, Decided: 1, Position: int64(i),
		}
	}
	var o outcomes
	b.ReportAllocs()
	for b.Loop() {
		o.reset(n)
		for i := range decisions {
			o.addDecision(i, &decisions[i])
		}
	}
}
