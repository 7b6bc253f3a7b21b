package e2e

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/storage"
)

// tailer follows the ledger by position and fails on a gap, or on recorded times out of order.
type tailer struct {
	t        testing.TB
	last     int64
	recorded consent.Instant
	seen     map[int64]bool
}

// read reads the next page and returns how many events it had.
func (r *tailer) read(store storage.Reader) int {
	r.t.Helper()
	_, records, err := store.Ledger(r.t.Context(), r.last, 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, record := range records {
		e := &record.Event
		if e.Position != r.last+1 || e.Recorded < r.recorded {
			r.t.Fatalf("position %d recorded %s follows position %d recorded %s", e.Position, e.Recorded, r.last, r.recorded)
		}
		r.last, r.recorded = e.Position, e.Recorded
		if r.seen != nil {
			r.seen[e.Position] = true
		}
	}
	return len(records)
}

// writer records grants and withdrawals one after the other and checks after each what it must see.
func writer(ctx context.Context, t testing.TB, c assentv1.ConsentServiceClient, name string, acknowledged *sync.Map, refused *atomic.Int64) {
	t.Helper()
	for n := 0; ctx.Err() == nil; n++ {
		address := fmt.Sprintf("%s-%d@example.at", name, n%7)
		granted, err := c.GrantConsent(context.WithoutCancel(ctx), &assentv1.GrantConsentRequest{
			Address: address, Channels: []string{"newsletter"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
			Declaration:  &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"},
			Evidence:     &assentv1.Evidence{Source: "web_form", ConfirmedTime: timestamppb.New(time.Now().Add(-time.Hour))},
			OccurredTime: timestamppb.New(time.Now().Add(-time.Hour)),
		})
		if err != nil {
			t.Errorf("grant: %v", err)
			return
		}
		withdrawn, err := c.WithdrawConsent(context.WithoutCancel(ctx), &assentv1.WithdrawConsentRequest{Address: address, Channels: []string{"newsletter"}})
		if err != nil {
			t.Errorf("withdraw: %v", err)
			return
		}
		acknowledged.Store(granted.GetPositions()[0], true)
		acknowledged.Store(withdrawn.GetPositions()[0], true)
		refused.Add(1)
	}
}

func TestTwoProcesses_OneOrderWithoutGaps_AndATailMissesNothing(t *testing.T) {
	db := newDatabase(t, "postgres")
	binary := program(t)
	one, two := db.start(binary), db.start(binary)
	key := db.adminKey()
	store, err := server.OpenStore(t.Context(), db.config())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()

	const span, enough = 5 * time.Second, 1500 // In the short form it ends after that many withdrawals.
	isLong := os.Getenv("ASSENT_PROOF") == "long"
	writing, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	var acknowledged sync.Map
	var refused atomic.Int64
	var writers sync.WaitGroup
	for n := range 16 {
		at := []string{one.grpc, two.grpc}[n%2]
		c := assentv1.NewConsentServiceClient(dial(t, at, key))
		writers.Go(func() { writer(writing, t, c, fmt.Sprintf("writer-%d", n), &acknowledged, &refused) })
	}
	tail := tailer{t: t, seen: map[int64]bool{}}
	for writing.Err() == nil {
		tail.read(store)
		if !isLong && refused.Load() >= enough {
			cancel()
		}
	}
	writers.Wait()
	for tail.read(store) > 0 {
	}
	acknowledged.Range(func(position, _ any) bool {
		if !tail.seen[position.(int64)] { //nolint:errcheck // Only positions are keys.
			t.Errorf("position %d was acknowledged and is not in the ledger", position)
		}
		return true
	})
	if refused.Load() == 0 {
		t.Error("nothing was written")
	}
	t.Logf("%d events, %d withdrawals acknowledged", tail.last, refused.Load())
}

func TestTwoServers_OneClockASecondOff_NoAcknowledgedWithdrawalIsFollowedByAllow(t *testing.T) {
	for _, off := range []time.Duration{-time.Second, time.Second} {
		db := newDatabase(t, "postgres")
		exact := db.serve(nil)
		shifted := db.serve(func() time.Time { return time.Now().Add(off) })
		clients := []assentv1.ConsentServiceClient{
			assentv1.NewConsentServiceClient(dial(t, exact.GRPC, exact.key)), assentv1.NewConsentServiceClient(dial(t, shifted.GRPC, exact.key)),
		}
		var pairs sync.WaitGroup
		for pair := range 4 {
			pairs.Go(func() {
				for n := range 30 {
					withdrawThenCheck(t, clients[(pair+n)%2], clients[(pair+n+1)%2], fmt.Sprintf("p%d-%d@example.at", pair, n))
				}
			})
		}
		pairs.Wait()
		exact.stop()
		shifted.stop()
	}
}

// checkSince asks whether the newsletter may be sent, by no less of the ledger than what was seen of it.
func checkSince(address string, seen []int64) *assentv1.CheckConsentRequest {
	request := &assentv1.CheckConsentRequest{Address: address, Channel: "newsletter"}
	if len(seen) > 0 {
		request.Consistency = &assentv1.Consistency{
			Requirement: &assentv1.Consistency_AtLeast{AtLeast: &assentv1.AtLeast{Position: seen[0]}},
		}
	}
	return request
}

// withdrawThenCheck grants and withdraws through one server, and checks through both.
func withdrawThenCheck(t testing.TB, through, other assentv1.ConsentServiceClient, address string) {
	t.Helper()
	check := func(c assentv1.ConsentServiceClient, seen []int64) *assentv1.Decision {
		got, err := c.CheckConsent(t.Context(), checkSince(address, seen))
		if err != nil {
			t.Errorf("check: %v", err)
			return nil
		}
		return got.GetDecision()
	}
	granted, err := through.GrantConsent(t.Context(), &assentv1.GrantConsentRequest{
		Address: address, Channels: []string{"newsletter"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
		Declaration: &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"},
		Evidence:    &assentv1.Evidence{Source: "web_form", ConfirmedTime: timestamppb.New(time.Now().Add(-time.Hour))},
	})
	if err != nil {
		t.Errorf("grant: %v", err)
		return
	}
	if got := check(other, granted.GetPositions()); got.GetVerdict() != assentv1.Verdict_VERDICT_ALLOW {
		t.Errorf("after a grant: %s", got.GetReason())
	}
	withdrawn, err := through.WithdrawConsent(t.Context(), &assentv1.WithdrawConsentRequest{Address: address, Channels: []string{"newsletter"}})
	if err != nil {
		t.Errorf("withdraw: %v", err)
		return
	}
	if got := check(other, nil); got.GetVerdict() != assentv1.Verdict_VERDICT_DENY {
		t.Errorf("after an acknowledged withdrawal: %s", got.GetReason())
	}
	for _, c := range []assentv1.ConsentServiceClient{other, through} {
		if got := check(c, withdrawn.GetPositions()); got.GetReason() != "WITHDRAWN" {
			t.Errorf("after an acknowledged withdrawal: %s", got.GetReason())
		}
	}
}
