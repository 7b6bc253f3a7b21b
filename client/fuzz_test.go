package client

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

func FuzzLastPart(f *testing.F) {
	f.Add(`connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"`)
	f.Add(`a: "b: c" (d: e): `)
	f.Add(`desc = "\xff`)
	f.Fuzz(func(t *testing.T, message string) {
		got := lastPart(message)
		if _, _, chain := strings.Cut(message, "desc = "); !chain && !strings.HasSuffix(message, got) {
			t.Errorf("%q became %q", message, got)
		}
	})
}

// Of whatever answer, either nothing is taken or every address has one result.
func FuzzAnswer_FitsOrIsRefused(f *testing.F) {
	good, err := proto.Marshal(&assentv1.BatchCheckConsentResponse{
		Outcomes: []*assentv1.BatchOutcome{
			{Outcome: &assentv1.BatchOutcome_Decision{Decision: &assentv1.Decision{Verdict: assentv1.Verdict_VERDICT_ALLOW, ForSending: true}}}, {},
		},
		OutcomeIndexes: []uint32{0, 1}, GrantPositions: []int64{1, 2}, ValidUntilSeconds: []int64{3, 4}, BasisEndSeconds: []int64{5, 6},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		answer := &assentv1.BatchCheckConsentResponse{}
		if proto.Unmarshal(data, answer) != nil {
			return
		}
		b := &batch{
			addresses: []string{"a@example.at", "\xff", "b@example.at"}, local: map[int]error{1: errMisfit},
			request: &assentv1.BatchCheckConsentRequest{Addresses: []string{"a@example.at", "b@example.at"}},
		}
		if b.verify(answer) != nil {
			return
		}
		n := 0
		for r := range b.results(answer) {
			if r.Address != b.addresses[n] || r.Decision.MaySend() && r.Err != nil || n == 1 && r.Err == nil {
				t.Errorf("result %d: %+v", n, r)
			}
			n++
		}
		if n != 3 {
			t.Errorf("%d results", n)
		}
	})
}
