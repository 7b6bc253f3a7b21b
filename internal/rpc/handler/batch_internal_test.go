package handler

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/service/check"
)

// expand turns the answer to a batch back into one decision for each address.
func expand(m *assentv1.BatchCheckConsentResponse, i int) *assentv1.BatchOutcome {
	outcome, _ := proto.Clone(m.GetOutcomes()[m.GetOutcomeIndexes()[i]]).(*assentv1.BatchOutcome)
	if d := outcome.GetDecision(); d != nil {
		d.GrantPosition = m.GetGrantPositions()[i]
		if s := m.GetValidUntilSeconds()[i]; s != 0 {
			d.ValidUntilTime = Timestamp(consent.Instant(s * 1_000_000))
		}
		if ends := m.GetBasisEndSeconds(); len(ends) > 0 && ends[i] != 0 {
			d.BasisEndTime = Timestamp(consent.Instant(ends[i] * 1_000_000))
		}
	}
	return outcome
}

func anyOutcome(senders []*catalog.SenderIdentity) *rapid.Generator[check.Outcome] {
	return rapid.Custom(func(t *rapid.T) check.Outcome {
		if rapid.IntRange(0, 9).Draw(t, "fails") == 0 {
			text := rapid.SampledFrom([]string{"one way", "another way"}).Draw(t, "how")
			return check.Outcome{Err: fault.Errorf(fault.InvalidAddress, "address", "%s", text)}
		}
		codes := rapid.SliceOfN(rapid.SampledFrom([]consent.Code{
			consent.CodeAllowConsent, consent.CodeWithdrawn, consent.CodeObjection,
		}), 1, 3).Draw(t, "codes")
		return check.Outcome{Decision: consent.Decision{
			Verdict: rapid.SampledFrom([]consent.Verdict{consent.Allow, consent.Deny}).Draw(t, "verdict"), Reason: codes[0], Reasons: codes,
			Basis:       rapid.SampledFrom([]catalog.Basis{"", catalog.BasisConsent, catalog.BasisTerms}).Draw(t, "basis"),
			Declaration: rapid.SampledFrom([]consent.Declaration{{}, {ID: "d", Version: "1"}, {ID: "d", Version: "2"}}).Draw(t, "declaration"),
			Sender:      rapid.SampledFrom(senders).Draw(t, "sender"),
			About:       rapid.SampledFrom([]consent.About{0, consent.AboutRequest, consent.AboutRecipient}).Draw(t, "about"),
			Decided:     1_000_000,
		}}
	})
}

func TestCompact_EachAddress_GetsWhatASingleCheckSays(t *testing.T) {
	senders := []*catalog.SenderIdentity{nil, {ID: "a"}, {ID: "b"}}
	rapid.Check(t, func(t *rapid.T) {
		result := check.BatchResult{
			Snapshot: check.Snapshot{Position: 7, CatalogVersion: 2, ForSending: true},
			Outcomes: rapid.SliceOfN(anyOutcome(senders), 1, 10).Draw(t, "outcomes"),
		}
		n := rapid.IntRange(0, 40).Draw(t, "addresses")
		for range n {
			result.Of = append(result.Of, rapid.Uint32Range(0, uint32(len(result.Outcomes)-1)).Draw(t, "of"))
			result.Positions = append(result.Positions, rapid.Int64Range(0, 5).Draw(t, "position"))
			result.ValidUntil = append(result.ValidUntil, consent.Instant(rapid.Int64Range(0, 3).Draw(t, "until")*1_000_000))
			result.BasisEnd = append(result.BasisEnd, consent.Instant(rapid.Int64Range(0, 1).Draw(t, "end")*1_000_000))
		}
		got := compact(&result, locale.English)
		if len(got.GetOutcomeIndexes()) != n {
			t.Fatalf("%d indexes for %d addresses", len(got.GetOutcomeIndexes()), n)
		}
		for i := range n {
			d, err := result.Item(i)
			want := &assentv1.BatchOutcome{}
			if err != nil {
				want.Outcome = &assentv1.BatchOutcome_Error{Error: itemError(err)}
			} else {
				single := check.Result{Decision: d, Snapshot: result.Snapshot}
				want.Outcome = &assentv1.BatchOutcome_Decision{Decision: decisionOf(&single, locale.English)}
			}
			if diff := cmp.Diff(want, expand(got, i), protocmp.Transform()); diff != "" {
				t.Fatalf("address %d (-single +batch):\n%s", i, diff)
			}
		}
	})
}

func BenchmarkShape(b *testing.B) {
	checks, err := NewValidation()
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
		if err := checks.shape(fact, fault.InvalidEvent); err != nil {
			b.Fatal(err)
		}
	}
}
