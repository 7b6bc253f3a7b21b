package service

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/intake/provider"
	"github.com/assent-io/assent/internal/service/intake"
)

// listedAt is an event of SendGrid: a message was not sent, because the address is on its list.
func listedAt(address, id, token string, at time.Time) string {
	return fmt.Sprintf(`[{"email":%q,"event":"dropped","reason":"Bounced Address","timestamp":%d,"sg_event_id":%q,"assent_token":%q}]`, address, at.Unix(), id, token)
}

func TestHooks_ListOfAProvider_IsOneHintForAnAddress_ThatStopsMarketingOnceAccepted(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		h := w.provided(t)
		made := h.create(provider.SendGrid)
		anna, annas := h.addressed("anna")
		bert, berts := h.addressed("bert")
		at := w.clock.Advance(time.Minute)
		h.want(h.sign.request(made, complaintOf(provider.SendGrid, "spam", bert, berts, at), at), http.StatusOK)
		head := positions(t, h.s.Store)
		for i, body := range []string{
			listedAt(anna, "1", annas, at), listedAt(anna, "2", annas, at), listedAt("carla@example.at", "3", "", at), listedAt(bert, "4", berts, at),
			strings.Replace(listedAt(anna, "5", annas, at)+listedAt(anna, "6", annas, at), "][", ",", 1), listedAt("dora@example.at", "7", annas, at),
		} {
			at := w.clock.Advance(time.Duration(i) * time.Minute)
			h.want(h.sign.request(made, body, at), http.StatusOK)
		}
		h.recorded(head, 0)
		w.wantCheck(h.ctx, h.s, "newsletter", anna, consent.CodeAllowConsent)
		got := map[string]intake.Cause{}
		for _, hint := range w.hints(h.ctx, h.s) {
			got[hint.Address] = hint.Cause
			if _, _, err := h.s.AcceptHint(h.ctx, hint.ID, ""); err != nil {
				t.Errorf("accept the hint about %s: %v", hint.Address, err)
			}
		}
		// That of bert says nothing new.
		want := map[string]intake.Cause{anna: intake.CauseListed, "carla@example.at": intake.CauseNoToken, "dora@example.at": intake.CauseOtherAddress}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("hints (-want +got):\n%s", diff)
		}
		wantCounts := map[string]int{"sendgrid spamreport recorded": 1, "sendgrid dropped hint": 3, "sendgrid dropped known": 4}
		if diff := cmp.Diff(wantCounts, h.counts.of); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
		h.recorded(head, 3)
		w.wantCheck(h.ctx, h.s, "newsletter", anna, consent.CodeSuppressed)
	})
}
