package cli_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

func TestHistoryDisclosures_WritesAllPages(t *testing.T) {
	f := startFake(t)
	f.answer = func(in proto.Message) (proto.Message, error) {
		asked, ok := in.(*assentv1.ListDisclosuresRequest)
		if !ok || asked.GetAddress() != "anna@firma.example" {
			t.Errorf("asked for %v", in)
		}
		if asked.GetPageToken() == "" {
			return &assentv1.ListDisclosuresResponse{NextPageToken: "more", Disclosures: []*assentv1.Disclosure{
				{Client: "shop", Department: "sales", Channel: "newsletter", Day: "2026-10-01", Count: 12},
			}}, nil
		}
		return &assentv1.ListDisclosuresResponse{Disclosures: []*assentv1.Disclosure{{Client: "officer", Day: "2026-10-02", Count: 1}}}, nil
	}
	want := "DAY         CLIENT   DEPARTMENT  CHANNEL     COUNT\n" +
		"2026-10-01  shop     sales       newsletter  12\n" +
		"2026-10-02  officer  -           -           1\n"
	if got := f.run(t, "history", "disclosures", "anna@firma.example").must(t, 0); got.stdout != want {
		t.Errorf("got:\n%swant:\n%s", got.stdout, want)
	}
	got := f.run(t, "history", "disclosures", "anna@firma.example", "--format", "json").must(t, 0)
	if n := strings.Count(got.stdout, `"client"`); n != 2 {
		t.Errorf("%d disclosures in %s", n, got.stdout)
	}
}

func TestHistoryDisclosures_None_SaysSo(t *testing.T) {
	f := startFake(t)
	f.answer = func(proto.Message) (proto.Message, error) { return &assentv1.ListDisclosuresResponse{}, nil }
	got := f.run(t, "history", "disclosures", "anna@firma.example").must(t, 0)
	if got.stdout != "" || got.stderr != "No disclosures about this address.\n" {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	if got := f.run(t, "history", "disclosures").must(t, 2); !strings.Contains(got.stderr, "assent history disclosures --help") {
		t.Errorf("stderr %q", got.stderr)
	}
}
