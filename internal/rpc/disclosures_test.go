package rpc_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/service/administration"
)

func TestListDisclosures_NamesWhoChecked_ByDay(t *testing.T) {
	w := newWorld(t)
	shop := w.client(administration.NewClient{ID: "shop", Department: "newsletter-desk", Role: "officer"})
	if _, err := assentv1.NewConsentServiceClient(w.conn).BatchRecordEvents(w.as(), &assentv1.BatchRecordEventsRequest{
		Events: facts()[:1],
	}); err != nil {
		t.Fatal(err)
	}
	consents, histories := assentv1.NewConsentServiceClient(w.conn), assentv1.NewHistoryServiceClient(w.conn)
	for range 2 {
		in := &assentv1.CheckConsentRequest{Address: "anna@example.com", Channel: "newsletter"}
		if _, err := consents.CheckConsent(with(t, shop), in); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := consents.LookupRecipient(w.as(), &assentv1.LookupRecipientRequest{Address: "anna@example.com"}); err != nil {
		t.Fatal(err)
	}
	want := []*assentv1.Disclosure{
		{Client: "admin", Day: "2026-11-01", Count: 1},
		{Client: "shop", Department: "newsletter-desk", Channel: "newsletter", Day: "2026-11-01", Count: 2},
	}
	in := &assentv1.ListDisclosuresRequest{Address: "anna@example.com", PageSize: 1}
	var got []*assentv1.Disclosure
	for {
		page, err := histories.ListDisclosures(w.as(), in)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page.GetDisclosures()...)
		if in.PageToken = page.GetNextPageToken(); in.GetPageToken() == "" {
			break
		}
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("disclosures (-want +got):\n%s", diff)
	}
}
