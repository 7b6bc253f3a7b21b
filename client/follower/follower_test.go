package follower_test

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/client/follower"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/suppressionfilter"
)

func parseKey(text string) (suppressionfilter.Key, error) { return suppressionfilter.ParseKey(text) }

// consent is a grant of the newsletter that can be proved.
func newsletterConsent(w *world, address string) *assentv1.GrantConsentRequest {
	return &assentv1.GrantConsentRequest{
		Address: address, Channels: []string{"newsletter"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
		Declaration: &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"},
		Evidence:    &assentv1.Evidence{Source: "web_form", ConfirmedTime: timestamppb.New(w.clock.Now())},
	}
}

func withdrawal(address string) *assentv1.WithdrawConsentRequest {
	return &assentv1.WithdrawConsentRequest{Address: address, Channels: []string{"newsletter"}}
}

// eventually waits until the Follower answers so.
func (r *running) eventually(address, channel, reason string) {
	r.t.Helper()
	testkit.Eventually(r.t, 20*time.Second, address+" on "+channel+" is "+reason, func() bool {
		answer, err := r.Check(address, channel)
		return err == nil && answer.Reason == reason
	})
}

func TestFollower_SnapshotAndChanges_AnswersFollow(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		c := w.nodes[0].client()
		must(c.Grant(t.Context(), newsletterConsent(w, "anna@example.com")))(t)
		for _, options := range []follower.Options{{Now: w.clock.Now}, w.consumer("plain", "plain"), w.consumer("keyed", "keyed")} {
			r := run(t, c, options)
			if _, err := r.Check("anna@example.com", "newsletter"); !errors.Is(err, follower.ErrNotReady) && err != nil {
				t.Errorf("before the snapshot: %v", err)
			}
			r.waitReady()
			r.eventually("Anna@Example.com", "newsletter", "ALLOW_CONSENT")
			r.eventually("berta@example.com", "newsletter", "NO_LEGAL_BASIS")
			must(c.Withdraw(t.Context(), withdrawal("anna@example.com")))(t)
			r.eventually("anna@example.com", "newsletter", "WITHDRAWN")
			w.clock.Advance(time.Second)
			must(c.Grant(t.Context(), newsletterConsent(w, "anna@example.com")))(t)
			r.eventually("anna@example.com", "newsletter", "ALLOW_CONSENT")
			r.stop()
		}
	})
}
