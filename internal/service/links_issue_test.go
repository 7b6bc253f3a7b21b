package service

import (
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/recipient"
)

func TestIssue_LinksAreMadeForWhatIsAllowed(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		got, err := s.BatchCheck(ctx, check.BatchInput{
			Addresses: []string{hanna, "erna@example.at", "no address"}, Request: consent.Request{Channel: "newsletter"},
		})
		if err != nil {
			t.Fatal(err)
		}
		var wanted []recipient.Wanted
		for i, address := range []string{hanna, "erna@example.at", "no address"} {
			d, _ := got.Item(i)
			wanted = append(wanted, recipient.Wanted{Address: address, Verdict: d.Verdict, Decided: d.Decided})
		}
		made, err := s.Links.Issue(ctx, "newsletter", wanted)
		if err != nil {
			t.Fatal(err)
		}
		if made[0] == nil || made[1] != nil || made[2] != nil {
			t.Fatalf("made %v", made)
		}
		h := made[0]
		if h.PageURL != "https://consent.example/u/"+h.Token || h.ListUnsubscribe != "<"+h.PageURL+">" || h.ListUnsubscribePost != "List-Unsubscribe=One-Click" {
			t.Errorf("got %+v", h)
		}
		if !strings.HasPrefix(h.ReturnPath, "bounce+1.") || !strings.HasSuffix(h.ReturnPath, "@bounces.example") || len(h.ReturnPath) != len("bounce+")+28+len("@bounces.example") {
			t.Errorf("the return path is %s", h.ReturnPath)
		}
		if err := s.Links.MayIssue(ctx, "legal-notices"); !fault.Is(err, fault.NotRefusable) {
			t.Errorf("before the check, on a channel that cannot be refused: %v", err)
		}
		if err := s.Links.MayIssue(ctx, "newsletter"); err != nil {
			t.Error(err)
		}
		if _, err := s.Links.Issue(ctx, "legal-notices", wanted); !fault.Is(err, fault.NotRefusable) {
			t.Errorf("on a channel that cannot be refused: %v", err)
		}
		w.links = recipient.Options{}
		plain := w.service(s.Store, 0)
		if err := plain.Links.MayIssue(ctx, "newsletter"); !fault.Is(err, fault.NoPublicURL) {
			t.Errorf("without an address of the server: %v", err)
		}
		w.wantClick(plain, h.Token, recipient.Done)
	})
}

func TestClient_CannotHaveTheIDOfRecipients(t *testing.T) {
	w := newWorld(t, "sqlite")
	s, ctx := w.acme()
	_, _, err := s.CreateClient(ctx, administration.NewClient{ID: access.RecipientID, AllDepartments: true, Role: "sender"})
	wantFault(t, err, fault.InvalidClient)
}

// TestMayIssue_OfAnotherDepartment_SaysThatFirst asks for links on channels of others: one that can be refused, and one that cannot.
func TestMayIssue_OfAnotherDepartment_SaysThatFirst(t *testing.T) {
	w := newWorld(t, "sqlite")
	s, _ := w.linked()
	who := access.Caller{Client: access.Client{ID: "x", Department: "newsletter-desk", Scopes: []access.Scope{access.ScopeCheck}}}
	ctx := access.WithCaller(t.Context(), who)
	for channel, want := range map[string]fault.Code{
		"newsletter": "", "product-marketing": fault.OtherDepartment, "legal-notices": fault.OtherDepartment,
	} {
		if err := s.MayIssue(ctx, channel); want == "" && err != nil || want != "" && !fault.Is(err, want) {
			t.Errorf("%s: got %v, want %s", channel, err, want)
		}
	}
}
