package service

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/intake"
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

// mailOf is the mail that a mail client writes for the mailto: in a header List-Unsubscribe.
func mailOf(t *testing.T, header string, at time.Time) (to, text string) {
	t.Helper()
	_, link, found := strings.Cut(header, ", <mailto:")
	u, err := url.Parse("mailto:" + strings.TrimSuffix(link, ">"))
	if !found || err != nil {
		t.Fatalf("no mailto: in %s (%v)", header, err)
	}
	to, err = url.PathUnescape(u.Opaque)
	if err != nil {
		t.Fatal(err)
	}
	return to, leaving(at, "someone@home.example", u.Query().Get("subject"))
}

// TestIssue_MailOfTheHeader_LeavesTheChannel writes the mail of the mailto: as a mail client does, hands it in, and checks.
func TestIssue_MailOfTheHeader_LeavesTheChannel(t *testing.T) {
	inURI := regexp.MustCompile(`^[\w.~%@?=-]+$`)
	for _, mailbox := range []string{"leave@acme.example", "leave+all&more=100%@acme.example", "leave{a|b}^`c`#1?/d@acme.example"} {
		t.Run(mailbox, func(t *testing.T) {
			eachStore(t, func(t *testing.T, w *world) {
				w.unsubscribe = []string{mailbox, "other@acme.example"}
				s, ctx := w.linked()
				w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
				h := w.headersFor(ctx, s, consent.Request{Channel: "newsletter"}, hanna)
				if !strings.HasPrefix(h.ListUnsubscribe, "<https://consent.example/u/"+h.Token+">, <mailto:") {
					t.Fatalf("the way of one click is not the first: %s", h.ListUnsubscribe)
				}
				if _, mailto, _ := strings.Cut(strings.TrimSuffix(h.ListUnsubscribe, ">"), "<mailto:"); !inURI.MatchString(mailto) {
					t.Errorf("%s has what no URI may have", mailto)
				}
				w.clock.Advance(time.Minute)
				to, text := mailOf(t, h.ListUnsubscribe, w.clock.Now())
				if to != mailbox {
					t.Fatalf("the mail goes to %s", to)
				}
				w.wantMail(ctx, s, to, text, intake.Recorded)
				w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeWithdrawn)
			})
		})
	}
}

// TestIssue_HeaderIsALine holds that the header fits a line also for the longest address, whose link names it: then it has no mailto:.
func TestIssue_HeaderIsALine(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.unsubscribe = []string{"leave@" + strings.Repeat("mail.", 30) + "acme.example"}
	s, ctx := w.linked()
	w.clock.Advance(time.Second)
	document := strings.Replace(acme(t), "  - id: order-updates\n", "  - id: order-updates\n    refusable: true\n", 1)
	if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document}); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	label := strings.Repeat("a", 60)
	longest := strings.Repeat("l", 64) + "@" + strings.Join([]string{label, label, label}, ".") + ".at"
	for address, both := range map[string]bool{"otto@example.at": true, longest: false} {
		h := w.headersFor(ctx, s, consent.Request{Channel: "order-updates", Reference: "order-1"}, address)
		if line := "List-Unsubscribe: " + h.ListUnsubscribe; len(line) > 998 || strings.Contains(line, "<mailto:") != both {
			t.Errorf("%d bytes: %s", len(line), line)
		}
	}
}
