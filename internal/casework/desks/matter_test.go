package desks

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

func acme(t *testing.T) *catalog.Catalog {
	t.Helper()
	text, err := os.ReadFile("../../../examples/catalogs/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cat, _, err := catalog.Parse("acme.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

func TestSettle_SaysWhoseItIs(t *testing.T) {
	at := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	sent := func(department, channel, sender string) casework.Candidate {
		return casework.Candidate{Department: department, Channel: channel, SenderIdentity: sender, Time: at.Add(-time.Hour), Evidence: casework.ByContact}
	}
	products := sent("marketing", "product-marketing", "acme-marketing")
	for name, c := range map[string]struct {
		in   Matter
		want Matter // only what is settled
	}{
		"who sent goes before the mailbox": {
			Matter{Kind: casework.Complaint, Mailbox: "redaktion@acme.example", Sent: []casework.Candidate{products}},
			Matter{Department: "marketing", Channel: "product-marketing", SenderIdentity: "acme-marketing"},
		},
		"a question stays with the mailbox": {
			Matter{Kind: casework.Inquiry, Mailbox: "redaktion@acme.example", Sent: []casework.Candidate{products}}, Matter{Department: "newsletter-desk"},
		},
		"two channels of one department leave it open": {
			Matter{Kind: casework.Complaint, Sent: []casework.Candidate{products, sent("newsletter-desk", "newsletter", "acme-newsletter")}}, Matter{Department: "marketing"},
		},
		"a person names the channel": {
			Matter{Kind: casework.Complaint, Asked: true, Channel: "newsletter", Sent: []casework.Candidate{products}},
			Matter{Department: "newsletter-desk", Channel: "newsletter", SenderIdentity: "acme-newsletter"},
		},
		"what is gone from the catalog is forgotten": {
			Matter{Kind: casework.Complaint, Channel: "letters", SenderIdentity: "letters", Sent: []casework.Candidate{sent("sales", "letters", "letters")}}, Matter{Channel: "", SenderIdentity: ""},
		},
		"the officers have it":     {Matter{Kind: casework.Access, Officers: true, Sent: []casework.Candidate{products}}, Matter{}},
		"nothing says whose it is": {Matter{Kind: casework.Complaint, Mailbox: "info@acme.example"}, Matter{}},
	} {
		m := c.in
		m.Received = at
		if err := m.Settle(acme(t), Of); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got := Matter{Department: m.Department, Channel: m.Channel, SenderIdentity: m.SenderIdentity}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	for _, m := range []Matter{{Asked: true, Channel: "letters"}, {Asked: true, SenderIdentity: "letters"}} {
		var refused *fault.Error
		if err := m.Settle(acme(t), Of); !errors.As(err, &refused) {
			t.Errorf("%+v: %v", m, err)
		}
	}
}

func TestMailboxOf_OursGoBeforeAPersonOfTheCompany(t *testing.T) {
	for _, c := range []struct {
		to       []string
		mailbox  string
		personal bool
	}{
		{[]string{"max.muster@acme.example", "Redaktion@acme.example"}, "Redaktion@acme.example", false},
		{[]string{"max.muster@acme.example"}, "max.muster@acme.example", true},
		{[]string{"info@acme.example", "max.muster@acme.example"}, "info@acme.example", false}, // It was meant for the company.
		{[]string{"info@acme.example"}, "info@acme.example", false},
		{nil, "", false},
	} {
		if mailbox, personal := MailboxOf(acme(t), c.to, Of); mailbox != c.mailbox || personal != c.personal {
			t.Errorf("%v: %q, %v", c.to, mailbox, personal)
		}
	}
}

func TestFirstAssignee_IsTheNamedOneOrTheOnlyOne(t *testing.T) {
	cat := acme(t)
	for _, c := range []struct{ department, named, want string }{
		{"newsletter-desk", "", "nora"}, {"marketing", "", ""}, {"marketing", "max", "max"}, {"customer-service", "", ""},
	} {
		desk, ok := Of(cat, c.department)
		if got := FirstAssignee(&desk, c.named); !ok || got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
