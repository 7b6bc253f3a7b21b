package service

import (
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/retention"
	"github.com/assent-io/assent/internal/service/rights"
)

func TestVoid_OfTheRefusalThatEndedAGrantWithoutEvidence_IsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.keeping("evidence: P30D")
		batch := consent.BatchID{9}
		refused := map[string]int64{}
		for _, address := range []string{annaTyped, "late@example.at"} {
			w.mustRecord(ctx, s, consentOn("newsletter", address, start.Add(-time.Hour)))
			if address != annaTyped {
				w.clock.Advance(31 * 24 * time.Hour)
			}
			results, err := s.BatchRecord(ctx, record.Batch{Batch: batch, Items: []record.BatchItem{{Statement: withdrawal("newsletter", address)}}})
			if err != nil || results[0].Err != nil {
				t.Fatalf("%+v, %v", results, err)
			}
			refused[address] = results[0].Position
			w.clock.Advance(time.Second)
		}
		wantRetention(ctx, t, s, false, map[string]int64{retention.Evidence: 1})
		_, err := s.Void(ctx, rights.Void{Position: refused[annaTyped], Justification: "a mistake"})
		wantFault(t, err, fault.NotVoidable)
		got, err := s.Void(ctx, rights.Void{Batch: batch, Justification: "a mistake"})
		wantFault(t, err, fault.NotVoidable)
		if got.Events != 1 || got.Subjects != 1 {
			t.Errorf("left out %+v", got)
		}
		w.clock.Advance(time.Second)
		w.wantCheck(ctx, s, "newsletter", annaTyped, consent.CodeWithdrawn)
		w.wantCheck(ctx, s, "newsletter", "late@example.at", consent.CodeAllowConsent)
		// A later refusal stands in the way of the grant, so the first one may be left out.
		last := w.mustRecord(ctx, s, withdrawal("newsletter", annaTyped))
		if _, err := s.Void(ctx, rights.Void{Position: refused[annaTyped], Justification: "a mistake"}); err != nil {
			t.Error(err)
		}
		w.clock.Advance(time.Second)
		_, err = s.Void(ctx, rights.Void{Position: last.Position, Justification: "a mistake"})
		wantFault(t, err, fault.NotVoidable)
		w.wantCheck(ctx, s, "newsletter", annaTyped, consent.CodeWithdrawn)
	})
}
