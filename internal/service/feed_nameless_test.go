package service

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/consumers"
)

// TestRetention_OfEvidence_LeavesEveryAddressThatIsDeniedOnTheLists has refusals and bounces lose the evidence that retention takes, and looks
// what is told of each address that a check denies because of them to consumers that begin after that.
func TestRetention_OfEvidence_LeavesEveryAddressThatIsDeniedOnTheLists(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.keeping("evidence: P30D, hard_bounces: P24M")
		bounce := func(kind consent.Kind, text string) {
			w.mustRecord(ctx, s, statement.Statement{Kind: kind, Address: text, Reason: consent.ReasonHardBounce, Justification: "it works again"})
		}
		for _, text := range []string{"a.nna@gmail.com", "an.na@gmail.com", "an.na@gmail.com", "carl+news@gmail.com", "carl+news@gmail.com", "carl+x@gmail.com"} {
			w.mustRecord(ctx, s, withdrawal("newsletter", text))
		}
		for _, text := range []string{"b.ert@gmail.com", "be.rt@gmail.com", "ber.t@gmail.com"} {
			bounce(consent.KindSuppress, text)
		}
		bounce(consent.KindLift, "be.rt@gmail.com")
		w.clock.Advance(31 * 24 * time.Hour)
		report, err := s.RunRetention(ctx, false)
		if err != nil || len(report.Classes) == 0 {
			t.Fatalf("%+v, %v", report, err)
		}
		w.wantCheck(ctx, s, "newsletter", "be.rt@gmail.com", consent.CodeNoLegalBasis)
		list := w.reader(ctx, s, "files", consumers.FormPlain).list(t, "newsletter", "files")
		if list.end.Missing != 0 {
			t.Errorf("%d are missing on the block list", list.end.Missing)
		}
		for _, form := range []consumers.Form{consumers.FormPlain, consumers.FormKeyed, consumers.FormSHA256} {
			r := w.reader(ctx, s, string(form), form)
			r.in = changes.Request{Consumer: r.in.Consumer}
			r.snapshot(t, func() {})
			for _, text := range []string{
				"a.nna@gmail.com", "an.na@gmail.com", "carl+news@gmail.com", "carl+x@gmail.com", "b.ert@gmail.com", "ber.t@gmail.com",
			} {
				if !r.blocks(t, form, text) {
					t.Errorf("%s: nothing that it holds blocks %s", form, text)
				}
				if !list.has(text) {
					t.Errorf("%s is not on the block list", text)
				}
			}
		}
	})
}

// blocks reports whether a reader holds something that blocks an address. One of hashes without a key looks for the address as it is only.
func (r *feedReader) blocks(t *testing.T, form consumers.Form, text string) bool {
	t.Helper()
	a, err := address.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{r.name(consent.FormExact, a.Exact()), r.name(consent.FormFolded, a.Folded())}
	if form == consumers.FormSHA256 {
		sum := sha256.Sum256([]byte(a.Exact()))
		hash := hex.EncodeToString(sum[:])
		names = []string{plainName(consent.FormExact, hash), plainName(consent.FormFolded, hash)}
	}
	for _, name := range names {
		for _, rule := range r.holds[name] {
			if rule.Kind == feed.KindRefusal || rule.Kind == feed.KindSuppression {
				return true
			}
		}
	}
	return false
}
