package rest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/timetext"
)

// laxTimes are what the libraries read although it is no RFC 3339.
func laxTimes() []string {
	return []string{"2026-10-01T1:00:00Z", "2026-10-01T08:00:00,5Z", "2026-10-01T08:00:00+24:00", "2026-10-01T08:00:00.5+02:60"}
}

func TestWrongTime_IsFoundWhereverItStands(t *testing.T) {
	for _, lax := range laxTimes() {
		for _, c := range []struct {
			message     proto.Message
			body, where string
		}{
			{&assentv1.CheckConsentRequest{}, `{"asOf": %s}`, "asOf"},
			{&assentv1.CheckConsentRequest{}, `{"as_of": %s}`, "asOf"},
			{&assentv1.CheckConsentRequest{}, `{"knownAsOf": {"time": %s}}`, "knownAsOf.time"},
			{&assentv1.GrantConsentRequest{}, `{"evidence": {"confirmedTime": %s}, "channels": ["a"]}`, "evidence.confirmedTime"},
			{&assentv1.BatchRecordEventsRequest{}, `{"events": [{"occurredTime": null}, {"grant": {"expiresTime": %s}}]}`, "events[1].grant.expiresTime"},
		} {
			body := fmt.Appendf(nil, c.body, fmt.Sprintf("%q", lax))
			if err := protojson.Unmarshal(body, c.message); err != nil {
				t.Fatalf("%s: the library refuses it already: %v", body, err)
			}
			_, err := readBody(body, c.message.ProtoReflect().Descriptor())
			if err == nil || !strings.HasSuffix(err.Error(), ": "+c.where+": "+timeProblem) {
				t.Errorf("%s: found %v, want %q", body, err, c.where)
			}
		}
	}
}

// FuzzWrongTime holds that a body with times that pass is read as those times, written in any way that JSON knows.
func FuzzWrongTime(f *testing.F) {
	for _, lax := range laxTimes() {
		f.Add(`"` + lax + `"`)
	}
	f.Add(`"2026-10-01T08:00:00Z"`)
	f.Add(`"2026-10-01T0\u0038:00:00Z"`)
	f.Fuzz(func(t *testing.T, value string) {
		body := []byte(`{"channel": "c", "asOf": ` + value + `}`)
		in := &assentv1.CheckConsentRequest{}
		if protojson.Unmarshal(body, in) != nil || in.GetAsOf() == nil {
			return
		}
		if _, err := readBody(body, in.ProtoReflect().Descriptor()); err != nil {
			return
		}
		var text struct{ AsOf string }
		if err := json.Unmarshal(body, &text); err != nil {
			t.Fatal(err)
		}
		at, err := timetext.Parse(text.AsOf)
		if err != nil || !at.Equal(in.GetAsOf().AsTime()) {
			t.Errorf("%s passed as %v: %v", body, in.GetAsOf().AsTime(), err)
		}
	})
}
