package service

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// loadedLongAgo is longer ago than what loads are reckoned by.
const loadedLongAgo = 31 * 24 * time.Hour

func TestSends_TheLoadOfADesk_IsReckonedByWhatCameSoFar(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.planned(campaign.ClearingOff)
		want := func(after string, want *campaign.Load) {
			t.Helper()
			one, _ := p.get("spring")
			got, err := p.s.LoadOf(p.desk, &one)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("after %s: %s", after, diff)
			}
		}
		n := p.newSend("spring")
		n.ExpectedSize = 12_000
		p.plan(n) // From Tuesday noon to Wednesday noon.
		want("a plan, without a capacity", nil)
		desk := "\n    desk: {members: [{id: anna, email: anna@acme.example}], answer_capacity: 40, hours: {zone: UTC, week: [{days: [mon, tue, wed], from: 09:00, until: 10:00}]}}"
		document := strings.Replace(acme(t), "complaints_to: newsletter-beschwerden@acme.example", "complaints_to: newsletter-beschwerden@acme.example"+desk, 1)
		if _, err := p.s.ApplyCatalog(p.everything(), administration.ApplyCatalog{Document: document}); err != nil {
			t.Fatal(err)
		}
		load := campaign.Load{Recipients: 12_000, Capacity: 40, Days: 2}
		want("a plan", &load)
		now := consent.InstantOf(w.clock.Now())
		var sent []sendtable.Contact
		for i := range 1_200 {
			sent = append(sent, sendtable.Contact{
				Folded: [32]byte([]byte(fmt.Sprintf("%032d", i))), Send: "old", Channel: "newsletter", Department: "newsletter-desk", Sender: "acme-newsletter",
				State: campaign.ContactSent, At: now - 1, Client: "desk",
			})
		}
		sent[0].Sender, sent[1].At = "acme-marketing", now.Add(-loadedLongAgo)
		statements := sendtable.PutContacts(sent)
		for i := range 6 {
			c := casetable.Case{
				ID: int64(i + 1), Kind: "complaint", State: "open", Origin: "mail", Department: "newsletter-desk", SenderIdentity: "acme-newsletter",
				Received: now - 1, Opened: now - 1, Due: now + 1, Revision: 1,
			}
			switch i {
			case 0:
				c.State, c.Closed = casetable.StateClosed, now
			case 1:
				c.SenderIdentity = ""
			case 2:
				c.Department = "marketing"
			case 3:
				c.Received = now.Add(-loadedLongAgo)
			}
			statements = append(statements, casetable.PutCase(&c))
		}
		if err := p.s.Store.WriteTables(t.Context(), statements...); err != nil {
			t.Fatal(err)
		}
		load.Contacts, load.Cases, load.Waiting = 1_198, 4, 4
		want("messages and cases", &load)
		p.consents("anna@example.com")
		p.preview("spring", false, []string{"anna@example.com", "never@example.com"})
		load.Recipients = 1
		want("a preview", &load)
	})
}
