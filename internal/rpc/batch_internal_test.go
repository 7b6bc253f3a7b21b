package rpc

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service"
)

// expand turns the answer to a batch back into one decision for each address.
func expand(m *assentv1.BatchCheckConsentResponse, i int) *assentv1.BatchOutcome {
	outcome, _ := proto.Clone(m.GetOutcomes()[m.GetOutcomeIndexes()[i]]).(*assentv1.BatchOutcome)
	if d := outcome.GetDecision(); d != nil {
		d.GrantPosition = m.GetGrantPositions()[i]
		if s := m.GetValidUntilSeconds()[i]; s != 0 {
			d.ValidUntilTime = timestamp(consent.Instant(s * 1_000_000))
		}
	}
	return outcome
}

func anyItem(senders []*catalog.SenderIdentity) *rapid.Generator[service.BatchItem] {
	return rapid.Custom(func(t *rapid.T) service.BatchItem {
		if rapid.IntRange(0, 9).Draw(t, "fails") == 0 {
			text := rapid.SampledFrom([]string{"one way", "another way"}).Draw(t, "how")
			return service.BatchItem{Err: consent.Faultf(consent.FaultInvalidAddress, "address", "%s", text)}
		}
		codes := rapid.SliceOfN(rapid.SampledFrom([]consent.Code{
			consent.CodeAllowConsent, consent.CodeWithdrawn, consent.CodeObjection,
		}), 1, 3).Draw(t, "codes")
		d := consent.Decision{
			Verdict: rapid.SampledFrom([]consent.Verdict{consent.Allow, consent.Deny}).Draw(t, "verdict"), Reason: codes[0], Reasons: codes,
			Basis:       rapid.SampledFrom([]catalog.Basis{"", catalog.BasisConsent, catalog.BasisTerms}).Draw(t, "basis"),
			Declaration: rapid.SampledFrom([]consent.Declaration{{}, {ID: "d", Version: "1"}, {ID: "d", Version: "2"}}).Draw(t, "declaration"),
			Sender:      rapid.SampledFrom(senders).Draw(t, "sender"),
			About:       rapid.SampledFrom([]consent.About{0, consent.AboutRequest, consent.AboutRecipient}).Draw(t, "about"),
			Position:    rapid.Int64Range(0, 5).Draw(t, "position"), Decided: 1_000_000,
			ValidUntil: consent.Instant(rapid.Int64Range(0, 3).Draw(t, "until") * 1_000_000),
		}
		if rapid.Bool().Draw(t, "obliged") {
			d.Obligations = []string{consent.ObligationImprint}
		}
		return service.BatchItem{Decision: d}
	})
}

func TestCompact_EachAddress_GetsWhatASingleCheckSays(t *testing.T) {
	senders := []*catalog.SenderIdentity{nil, {ID: "a"}, {ID: "b"}}
	rapid.Check(t, func(t *rapid.T) {
		result := service.BatchResult{
			Basis: service.Basis{Position: 7, CatalogVersion: 2, ForSending: true},
			Items: rapid.SliceOfN(anyItem(senders), 0, 40).Draw(t, "items"),
		}
		got := compact(&result, consent.English)
		if len(got.GetOutcomeIndexes()) != len(result.Items) {
			t.Fatalf("%d indexes for %d addresses", len(got.GetOutcomeIndexes()), len(result.Items))
		}
		for i := range result.Items {
			item := &result.Items[i]
			want := &assentv1.BatchOutcome{}
			if item.Err != nil {
				want.Outcome = &assentv1.BatchOutcome_Error{Error: itemError(item.Err)}
			} else {
				single := service.CheckResult{Decision: item.Decision, Basis: result.Basis}
				want.Outcome = &assentv1.BatchOutcome_Decision{Decision: decisionOf(&single, consent.English)}
			}
			if diff := cmp.Diff(want, expand(got, i), protocmp.Transform()); diff != "" {
				t.Fatalf("address %d (-single +batch):\n%s", i, diff)
			}
		}
		for i, a := range got.GetOutcomes() {
			for _, b := range got.GetOutcomes()[:i] {
				if proto.Equal(a, b) {
					t.Fatalf("an outcome stands there twice: %v", a)
				}
			}
		}
	})
}

func BenchmarkCompact(b *testing.B) {
	sender := &catalog.SenderIdentity{ID: "a"}
	result := service.BatchResult{Items: make([]service.BatchItem, 10_000)}
	for i := range result.Items {
		result.Items[i].Decision = consent.Decision{
			Verdict: consent.Deny, Reason: consent.Code(fmt.Sprint("CODE_", i%20)), Reasons: []consent.Code{"A", "B"},
			Sender: sender, Decided: 1, Position: int64(i),
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		compact(&result, consent.English)
	}
}

func BenchmarkShape(b *testing.B) {
	checks, err := newValidation()
	if err != nil {
		b.Fatal(err)
	}
	fact := &assentv1.Grant{
		Address: "anna@example.com", Channels: []string{"newsletter"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
		Declaration: &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"},
		Evidence:    &assentv1.Evidence{Source: "web_form", Goods: []string{"coffee"}},
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := checks.shape(fact, consent.FaultInvalidEvent); err != nil {
			b.Fatal(err)
		}
	}
}
