package persons_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/bench/persons"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

func TestPopulation_SameSeed_MakesTheSamePeople(t *testing.T) {
	one, other := persons.Population{Seed: 7}, persons.Population{Seed: 7}
	differ := persons.Population{Seed: 8}
	same := 0
	for n := range 500 {
		a, b := one.Person(n), other.Person(n)
		if a.Address != b.Address || a.Standing != b.Standing || len(a.Events) != len(b.Events) {
			t.Fatalf("person %d is %+v and %+v", n, a, b)
		}
		for i := range a.Events {
			if !proto.Equal(a.Events[i], b.Events[i]) {
				t.Fatalf("person %d: %v and %v", n, a.Events[i], b.Events[i])
			}
		}
		if differ.Address(n) == a.Address {
			same++
		}
	}
	if same > 50 {
		t.Errorf("another seed makes %d of 500 people the same", same)
	}
}

func TestPopulation_Mix(t *testing.T) {
	const count = 20_000
	population := persons.Population{Seed: 1}
	seen, standing, events := map[string]bool{}, map[persons.Standing]int{}, 0
	for n := range count {
		who := population.Person(n)
		if _, err := address.Parse(who.Address); err != nil || !strings.Contains(who.Address, "example.") {
			t.Fatalf("%s: %v", who.Address, err)
		}
		if seen[who.Address] {
			t.Fatalf("%s comes twice", who.Address)
		}
		seen[who.Address] = true
		standing[who.Standing]++
		events += len(who.Events)
	}
	for _, test := range []struct {
		what        string
		got         int
		least, most float64
	}{
		{"withdrawn", standing[persons.Withdrawn], 0.045, 0.055},
		{"suppressed", standing[persons.Suppressed], 0.007, 0.013},
		{"bounced", standing[persons.Bounced], 0.016, 0.024},
		{"events", events, 1.4, 1.6},
	} {
		if share := float64(test.got) / count; share < test.least || share > test.most {
			t.Errorf("%s: %.3f a person, want %.3f to %.3f", test.what, share, test.least, test.most)
		}
	}
}
