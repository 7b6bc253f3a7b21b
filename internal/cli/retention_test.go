package cli_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

func TestRetentionRun_WritesWhatWasRemoved(t *testing.T) {
	f := startFake(t)
	dry := false
	f.answer = func(in proto.Message) (proto.Message, error) {
		asked, ok := in.(*assentv1.RunRetentionRequest)
		if !ok || asked.GetValidateOnly() != dry {
			t.Errorf("asked for %v", in)
		}
		return &assentv1.RunRetentionResponse{Classes: []*assentv1.RetentionClass{
			{Class: "erasures_held", Count: 102, Positions: []int64{3, 9}},
			{Class: "evidence", Count: 12, OldestTime: day(1)},
			{Class: "claims"},
		}}, nil
	}
	want := "CLASS          COUNT  OLDEST\n" +
		"erasures_held  102    -\n" +
		"evidence       12     2026-10-01T08:00:00Z\n" +
		"claims         0      -\n" +
		"erasures_held: at positions 3, 9 and 100 more\n"
	if got := f.run(t, "retention", "run").must(t, 0); got.stdout != want {
		t.Errorf("got:\n%swant:\n%s", got.stdout, want)
	}
	if f.deadline {
		t.Error("the server is not left to work as long as it needs")
	}
	if f.run(t, "retention", "run", "--timeout", "5s").must(t, 0); !f.deadline {
		t.Error("--timeout counts for nothing")
	}
	dry = true
	got := f.run(t, "retention", "run", "--dry-run", "--format", "json").must(t, 0)
	if !strings.Contains(got.stdout, `"evidence"`) || !strings.Contains(got.stdout, `"count": 12`) {
		t.Errorf("got %s", got.stdout)
	}
}
