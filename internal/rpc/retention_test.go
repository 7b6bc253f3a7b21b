package rpc_test

import (
	"strings"
	"testing"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/examples"
	"github.com/assent-io/assent/internal/service/administration"
)

func TestRunRetention_CountsByClass_AndChangesNothingWithValidateOnly(t *testing.T) {
	w := newWorld(t)
	document, err := examples.Files.ReadFile("catalogs/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.service.ApplyCatalog(process(t), administration.ApplyCatalog{
		Document: strings.Replace(string(document), "\npolicy:\n", "\npolicy:\n  retention: {hard_bounces: P24M}\n", 1),
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := assentv1.NewSuppressionServiceClient(w.conn).CreateSuppression(w.as(), &assentv1.CreateSuppressionRequest{
		Target: &assentv1.CreateSuppressionRequest_Address{Address: "anna@example.com"}, Reason: "HARD_BOUNCE",
	}); err != nil {
		t.Fatal(err)
	}
	at := w.clock.Now()
	w.clock.Advance(at.AddDate(2, 0, 1).Sub(at))
	for _, c := range []struct {
		validateOnly bool
		want         int64
	}{{true, 1}, {false, 1}, {false, 0}} {
		got, err := assentv1.NewRetentionServiceClient(w.conn).RunRetention(w.as(), &assentv1.RunRetentionRequest{ValidateOnly: c.validateOnly})
		if err != nil {
			t.Fatal(err)
		}
		for _, class := range got.GetClasses() {
			want := int64(0)
			if class.GetClass() == "hard_bounces" {
				want = c.want
			}
			if class.GetCount() != want || (want == 0) != (class.GetOldestTime() == nil) {
				t.Errorf("validate only %t: %v, want %d", c.validateOnly, class, want)
			}
		}
		if len(got.GetClasses()) != 7 {
			t.Errorf("%d classes", len(got.GetClasses()))
		}
	}
}
