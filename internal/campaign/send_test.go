package campaign

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestWindow_Check_SaysWhatWouldBeRight(t *testing.T) {
	now := time.Date(2028, 2, 29, 12, 0, 0, 0, time.UTC)
	at := func(after time.Duration) int64 { return now.Add(after).UnixMicro() }
	for name, c := range map[string]struct {
		window Window
		want   string // empty: it is right
	}{
		"tomorrow":              {Window{at(24 * time.Hour), at(25 * time.Hour)}, ""},
		"begun":                 {Window{at(-time.Hour), at(time.Hour)}, ""},
		"over":                  {Window{at(-2 * time.Hour), at(-time.Hour)}, "ended at 2028-02-29T11:00:00Z, which is over"},
		"over now":              {Window{at(-time.Hour), at(0)}, "which is over"},
		"backwards":             {Window{at(2 * time.Hour), at(time.Hour)}, "begins at 2028-02-29T14:00:00Z and ends at 2028-02-29T13:00:00Z"},
		"of no length":          {Window{at(time.Hour), at(time.Hour)}, "its end must be later"},
		"as long as one may be": {Window{at(0), at(LongestWindow)}, ""},
		"longer":                {Window{at(0), at(LongestWindow) + 1}, "31 days at most"},
		"as far as one may be":  {Window{at(FarthestWindow), at(FarthestWindow + time.Hour)}, ""},
		"farther":               {Window{at(FarthestWindow) + 1, at(FarthestWindow + time.Hour)}, "two years ahead at most"},
	} {
		err := c.window.Check(now.UnixMicro())
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestWindow_Near_IsTheSameFromBothSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) Window {
			from := rapid.Int64Range(0, 40).Draw(t, label)
			return Window{from, from + rapid.Int64Range(1, 10).Draw(t, label+" length")}
		}
		a, b, distance := draw("a"), draw("b"), rapid.Int64Range(0, 10).Draw(t, "distance")
		want := false // Two moments, one of each, lie less than the distance apart, or are the same one.
		for x := a.From; x < a.Until; x++ {
			for y := b.From; y < b.Until; y++ {
				want = want || x == y || max(x-y, y-x) <= distance
			}
		}
		if a.Near(b, distance) != want || b.Near(a, distance) != want {
			t.Fatalf("%v and %v, %d apart: %t and %t, want %t", a, b, distance, a.Near(b, distance), b.Near(a, distance), want)
		}
	})
}

// TestState_After_IsTheTable holds every state and change to the table of docs/sends.md.
func TestState_After_IsTheTable(t *testing.T) {
	allowed := map[State][]Change{
		Planned: {Update, Return, Clear, Start, Cancel}, Cleared: {Update, Return, Start, Cancel}, Sending: {Finish, Cancel}, Sent: nil, Cancelled: nil,
	}
	for _, state := range States() {
		for _, change := range []Change{Update, Return, Clear, Start, Finish, Cancel} {
			next, err := state.After(change, ClearingAdvised)
			if (err == nil) != slices.Contains(allowed[state], change) {
				t.Errorf("%s after %s: %s, %v", state, change, next, err)
			}
			if err != nil && (next != state || !strings.Contains(err.Error(), string(state))) {
				t.Errorf("%s after %s: %s, %v", state, change, next, err)
			}
		}
		if state.Ended() != (len(allowed[state]) == 0) {
			t.Errorf("%s has ended: %t", state, state.Ended())
		}
	}
	if _, err := Planned.After(Start, ClearingRequired); err == nil || !strings.Contains(err.Error(), "have an officer clear it") {
		t.Errorf("a planned send starts although its clearing is required: %v", err)
	}
	if next, err := Cleared.After(Start, ClearingRequired); err != nil || next != Sending {
		t.Errorf("a cleared send starts: %s, %v", next, err)
	}
}

// TestSend_IsCleared_SaysTheFirstMomentAtWhichItIs walks on in time with a send that no client changes.
func TestSend_IsCleared_SaysTheFirstMomentAtWhichItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Send{
			State: rapid.SampledFrom(States()).Draw(t, "state"), CommentUntil: rapid.Int64Range(1, 20).Draw(t, "until"),
			Objections: rapid.IntRange(0, 1).Draw(t, "objections"),
		}
		if s.State != Planned {
			s.ClearedTime = rapid.Int64Range(0, 5).Draw(t, "cleared")
		}
		if s.State == Cleared && s.ClearedTime == 0 {
			s.ClearedTime = 1
		}
		var first int64
		for at := int64(30); at >= 0; at-- {
			if cleared, _ := s.IsCleared(at); cleared {
				first = at
			}
		}
		for at := range int64(30) {
			cleared, from := s.IsCleared(at)
			switch {
			case s.State.Ended() && cleared, s.State == Cleared && !cleared, s.State == Planned && s.Objections > 0 && cleared:
				t.Fatalf("%+v at %d: cleared %t", s, at, cleared)
			case cleared && from != 0, !cleared && from != 0 && from != first, !cleared && from == 0 && first > at:
				t.Fatalf("%+v at %d: cleared %t from %d, and it is from %d on", s, at, cleared, from, first)
			}
		}
	})
}

func TestSend_Compare_OrdersByPriorityThenByTheClearingThenByTheID(t *testing.T) {
	first := Send{ID: "z", Priority: 60, ClearedTime: 9}
	second := Send{ID: "y", Priority: 40, ClearedTime: 1}
	third := Send{ID: "c", Priority: 40, CommentUntil: 2} // Cleared by silence, which was not noted yet.
	fourth := Send{ID: "d", Priority: 40, ClearedTime: 2}
	list := []*Send{&fourth, &second, &third, &first}
	slices.SortFunc(list, (*Send).Compare)
	if want := []*Send{&first, &second, &third, &fourth}; !slices.Equal(list, want) {
		t.Errorf("%v", list)
	}
	if first.Compare(&first) != 0 {
		t.Error("a send is not itself")
	}
}
