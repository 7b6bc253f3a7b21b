package rpc_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

func TestBatchCheck_SaysWhatSingleChecksSay(t *testing.T) {
	w := newWorld(t)
	client := assentv1.NewConsentServiceClient(w.conn)
	addresses := []string{"anna@example.com", "no address", "bob@example.com", "carl@example.com", "dora@example.org", "abuse@example.org"}
	for _, address := range addresses[2:4] {
		if _, err := client.GrantConsent(w.as(), grant(func(m *assentv1.GrantConsentRequest) {
			m.Address, m.Evidence = address, evidence()
		})); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.BatchRecordEvents(w.as(), &assentv1.BatchRecordEventsRequest{Events: facts()[:7]}); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Minute)
	batch, err := client.BatchCheckConsent(w.as(), &assentv1.BatchCheckConsentRequest{Addresses: addresses, Channel: "newsletter"})
	if err != nil {
		t.Fatal(err)
	}
	for i, address := range addresses {
		outcome := batch.GetOutcomes()[batch.GetOutcomeIndexes()[i]]
		single, err := client.CheckConsent(w.as(), &assentv1.CheckConsentRequest{Address: address, Channel: "newsletter"})
		if err != nil {
			if got := outcome.GetError().GetReason(); got != reasonOf(t, err) {
				t.Errorf("%s: the batch says %q, a single check %v", address, got, err)
			}
			continue
		}
		want := single.GetDecision()
		if got := batch.GetGrantPositions()[i]; got != want.GetGrantPosition() {
			t.Errorf("%s: grant at %d, a single check says %d", address, got, want.GetGrantPosition())
		}
		if got := batch.GetValidUntilSeconds()[i]; want.GetValidUntilTime() != nil && got != want.GetValidUntilTime().GetSeconds() {
			t.Errorf("%s: valid until %d, a single check says %v", address, got, want.GetValidUntilTime())
		}
		want.GrantPosition, want.ValidUntilTime = 0, nil
		if diff := cmp.Diff(want, outcome.GetDecision(), protocmp.Transform()); diff != "" {
			t.Errorf("%s (-single +batch):\n%s", address, diff)
		}
	}
	if n := len(batch.GetOutcomes()); n >= len(addresses) {
		t.Errorf("%d outcomes for %d addresses, of which two are alike", n, len(addresses))
	}
}

func BenchmarkCheckConsent(b *testing.B) {
	w := newWorld(b)
	ctx := w.as()
	b.ReportAllocs()
	for b.Loop() {
		if err := callCheck(ctx, w.conn); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBatchCheckConsent(b *testing.B) {
	w := newWorld(b)
	m := &assentv1.BatchCheckConsentRequest{Channel: "newsletter"}
	for i := range 10_000 {
		m.Addresses = append(m.Addresses, fmt.Sprintf("person-%d@example.com", i))
	}
	client, ctx := assentv1.NewConsentServiceClient(w.conn), w.as()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.BatchCheckConsent(ctx, m); err != nil {
			b.Fatal(err)
		}
	}
}
