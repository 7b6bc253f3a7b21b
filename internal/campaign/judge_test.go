package campaign

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/wallclock"
)

const hour = 60 * minute

// world is what a question of the tests is about, in hours since start.
type world struct {
	question Question
	all      []Contact
	others   map[string]*Send
}

// start is 2026-01-30T00:00:00Z.
const start = int64(1_769_731_200_000_000)

// TestQuestion_FreeTime_IsTheFirstMomentAtWhichNothingDefers holds Free against an oracle that asks at each moment at which anything can change:
// it is the first of them at which nothing defers, and just before it something does.
func TestQuestion_FreeTime_IsTheFirstMomentAtWhichNothingDefers(t *testing.T) {
	deferred, endless, pressed, uncleared := 0, 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		at := start + int64(rapid.IntRange(0, 24*20).Draw(t, "at"))*hour
		w.question.Contacts = w.question.Send.Counting(w.all, w.others, at)
		got := w.question.At(at)
		if want := w.defers(at); want != got.Defers() {
			t.Fatalf("defers: %t, want %t: %+v", got.Defers(), want, got)
		}
		if !got.Defers() {
			if got.Free != 0 {
				t.Fatalf("nothing defers, and the time is %d", got.Free)
			}
			return
		}
		deferred++
		if got.Pressure {
			pressed++
		}
		if got.NotCleared {
			uncleared++
		}
		var want int64
		for moment := at; moment < w.question.Send.Until; moment += hour {
			if !w.defers(moment) {
				want = moment
				break
			}
		}
		if want == 0 {
			endless++
		}
		if got.Free != want {
			t.Fatalf("free at %s, want %s: %+v", time.UnixMicro(got.Free).UTC(), time.UnixMicro(want).UTC(), got)
		}
		if want == 0 {
			return
		}
		if again := w.question.At(got.Free); again.Defers() {
			t.Fatalf("it still defers at %d: %+v", got.Free, again)
		}
		if before := w.question.At(got.Free - 1); !before.Defers() {
			t.Fatalf("it does not defer just before %d: %+v", got.Free, before)
		}
	})
	if deferred == 0 || endless == 0 || pressed == 0 || uncleared == 0 {
		t.Errorf("%d deferred, %d of them for ever, %d by pressure, %d not cleared: the test has looked at too little", deferred, endless, pressed, uncleared)
	}
}

// defers is the oracle: what defers at a time, by counting.
func (w *world) defers(t int64) bool {
	q := &w.question
	s := q.Send
	if q.Unclear > t || s.State == Sent || s.State == Cancelled || t < s.From || t >= s.Until {
		return true
	}
	if q.Clearing == ClearingRequired && !clearedIn(s, t) {
		return true
	}
	if m := q.Calendar.At(t); m.Freeze || m.Quiet {
		return true
	}
	for _, c := range q.Caps {
		if c.Observe || len(c.Channels) > 0 && !slices.Contains(c.Channels, s.Channel) {
			continue
		}
		count := 0
		for _, k := range w.all {
			if k.Send == s.ID {
				continue
			}
			other := w.others[k.Send]
			end := other.Until
			if k.State == ContactSent {
				end = c.Per.AddTo(time.UnixMicro(k.Sent)).UnixMicro()
			} else if other.State == Cancelled {
				continue
			}
			waits := k.State == ContactPlanned && (other.Priority <= s.Priority || !clearedIn(other, t))
			if !waits && t < end && (len(c.Channels) == 0 || slices.Contains(c.Channels, k.Channel)) {
				count++
			}
		}
		if count >= c.Max {
			return true
		}
	}
	return false
}

func clearedIn(s *Send, t int64) bool {
	return s.State == Cleared || s.State == Planned && s.Objections == 0 && t >= s.CommentUntil
}

func drawWorld(t *rapid.T) *world {
	channels := []string{"news", "offers"}
	at := func(label string, least, most int) int64 {
		return start + int64(rapid.IntRange(24*least, 24*most).Draw(t, label))*hour
	}
	send := func(id string) *Send {
		s := &Send{
			ID: id, Channel: rapid.SampledFrom(channels).Draw(t, "channel"), Priority: rapid.IntRange(0, 2).Draw(t, "priority"),
			State:        rapid.SampledFrom([]State{Planned, Planned, Cleared, Cleared, Cleared, Sent, Cancelled}).Draw(t, "state"),
			CommentUntil: at("comments", 0, 10), Objections: rapid.IntRange(0, 1).Draw(t, "objections"),
		}
		s.From = at("from", 0, 10)
		s.Until = s.From + int64(rapid.IntRange(1, 24*20).Draw(t, "long"))*hour
		if s.State == Cleared {
			s.ClearedTime = start
		}
		return s
	}
	w := &world{others: map[string]*Send{}, question: Question{
		Send: send("own"), Clearing: rapid.SampledFrom([]Clearing{ClearingOff, ClearingRequired}).Draw(t, "clearing"),
		Calendar: drawCalendar(t, at),
	}}
	if rapid.IntRange(0, 4).Draw(t, "unclear") == 0 {
		w.question.Unclear = at("unclear until", 0, 12)
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "caps") {
		c := Cap{
			ID: fmt.Sprint("cap", i), Max: rapid.IntRange(1, 3).Draw(t, "max"), Observe: rapid.IntRange(0, 4).Draw(t, "observe") == 0,
			Per: rapid.SampledFrom([]period.Period{period.Days(1), period.Days(3), period.Days(7), period.Months(1)}).Draw(t, "per"),
		}
		if rapid.Bool().Draw(t, "one channel") {
			c.Channels = channels[:1]
		}
		w.question.Caps = append(w.question.Caps, c)
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "contacts") {
		other := send(fmt.Sprint("other", i))
		w.others[other.ID] = other
		k := Contact{Send: other.ID, Channel: other.Channel, Until: other.Until - hour} // Its window was moved since.
		k.State = rapid.SampledFrom([]ContactState{ContactPlanned, ContactReserved, ContactSent}).Draw(t, "contact")
		if k.State == ContactSent {
			k.Sent, k.Until = at("sent", -8, 8), 0
		}
		w.all = append(w.all, k)
	}
	if rapid.Bool().Draw(t, "own contact") {
		w.all = append(w.all, Contact{Send: "own", Channel: w.question.Send.Channel, State: ContactReserved, Until: w.question.Send.Until})
	}
	return w
}

func drawCalendar(t *rapid.T, at func(string, int, int) int64) *Calendar {
	var limits Limits
	if rapid.Bool().Draw(t, "quiet") {
		limits.QuietHours = []QuietHours{{Zone: "UTC", From: 20 * 60, Until: 8 * 60, Days: wallclock.EveryDay}}
	}
	if rapid.Bool().Draw(t, "frozen") {
		from := at("freeze", 0, 10)
		limits.Freezes = []Freeze{{From: time.UnixMicro(from).UTC(), Until: time.UnixMicro(from + 30*hour).UTC()}}
	}
	c, err := NewCalendar(limits)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestQuestion_ManySends_NobodyGetsMoreThanTheCap plays what a server does with several sends over weeks, in any order, and counts what one person
// was sent within each stretch of time as long as the period.
func TestQuestion_ManySends_NobodyGetsMoreThanTheCap(t *testing.T) {
	full := 0
	rapid.Check(t, func(t *rapid.T) {
		c := Cap{Max: rapid.IntRange(1, 3).Draw(t, "max"), Per: period.Days(int64(rapid.IntRange(1, 7).Draw(t, "days")))}
		contacts, now := map[string]Contact{}, start
		var sent []int64
		for i := range rapid.IntRange(1, 40).Draw(t, "steps") {
			now += int64(rapid.IntRange(0, 30).Draw(t, "later")) * hour
			for id, k := range contacts {
				if k.State == ContactReserved && k.Until > now && rapid.Bool().Draw(t, "goes out") {
					sent, k.State, k.Sent = append(sent, now), ContactSent, now
					contacts[id] = k
				}
			}
			s := &Send{ID: fmt.Sprint(i), Window: Window{now, now + int64(rapid.IntRange(1, 60).Draw(t, "long"))*hour}}
			var of []Contact
			for _, k := range contacts {
				of = append(of, k)
			}
			q := Question{Send: s, Caps: []Cap{c}, Contacts: s.Counting(of, nil, now)}
			if j := q.At(now); j.Defers() {
				full++
				continue
			}
			contacts[s.ID] = Contact{Send: s.ID, State: ContactReserved, Until: s.Until}
		}
		for _, from := range sent {
			count, until := 0, c.Per.AddTo(time.UnixMicro(from)).UnixMicro()
			for _, at := range sent {
				if from <= at && at < until {
					count++
				}
			}
			if count > c.Max {
				t.Fatalf("%d messages within the period, and at most %d were allowed", count, c.Max)
			}
		}
	})
	if full == 0 {
		t.Error("no cap was reached")
	}
}

func TestQuestion_Boundaries(t *testing.T) {
	send := &Send{ID: "own", Channel: "news", State: Cleared, Window: Window{start, start + 100*hour}}
	day := Cap{Max: 1, Per: period.Days(1)}
	sent := func(at int64) []Contact {
		return []Contact{{Send: "other", Channel: "news", State: ContactSent, Sent: at}}
	}
	cases := map[string]struct {
		q    Question
		at   int64
		want Judgement
	}{
		"just before a contact leaves": {Question{Send: send, Caps: []Cap{day}, Contacts: sent(start)}, start + 24*hour - 1, Judgement{Pressure: true, Free: start + 24*hour}},
		"at the moment it leaves":      {Question{Send: send, Caps: []Cap{day}, Contacts: sent(start)}, start + 24*hour, Judgement{Next: send.Until}},
		"with a place held":            {Question{Send: send, Caps: []Cap{day}, Contacts: sent(start), Held: true}, start + hour, Judgement{Next: send.Until}},
		"only observed": {
			Question{Send: send, Caps: []Cap{{Max: 1, Per: period.Days(1), Observe: true}}, Contacts: sent(start)},
			start + hour,
			Judgement{ObservedCapped: true, Next: send.Until},
		},
		"room only after the window":    {Question{Send: send, Caps: []Cap{{Max: 1, Per: period.Days(30)}}, Contacts: sent(start)}, start + hour, Judgement{Pressure: true}},
		"before the window":             {Question{Send: send}, start - 1, Judgement{NotCleared: true, Free: start}},
		"at the end of the window":      {Question{Send: send}, send.Until, Judgement{NotCleared: true}},
		"no send, and clearing is due":  {Question{Clearing: ClearingRequired}, start, Judgement{NotCleared: true}},
		"no send, and clearing advised": {Question{Clearing: ClearingAdvised}, start, Judgement{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := c.q.At(c.at); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
	monthly := Cap{Max: 1, Per: period.Months(1)}
	end := Question{Send: &Send{State: Cleared, Window: Window{start, start + 1000*hour}}, Caps: []Cap{monthly}, Contacts: sent(time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC).UnixMicro())}
	if got, want := end.At(start+48*hour).Free, time.Date(2026, 2, 28, 10, 0, 0, 0, time.UTC).UnixMicro(); got != want {
		t.Errorf("a month after 31 January is %s, want %s", time.UnixMicro(got).UTC(), time.UnixMicro(want).UTC())
	}
}

// A send that was moved to another channel counts there, and a place that it held on the one before was judged by other caps.
func TestCounting_OfASendThatWasMoved_IsOfItsPresentChannel(t *testing.T) {
	moved := &Send{ID: "moved", Channel: "news", State: Cleared, Window: Window{From: 0, Until: 100}}
	places := []Contact{{Send: "moved", Channel: "offers", State: ContactReserved, Until: 100}}
	caps := []Cap{{ID: "news", Max: 1, Per: period.Days(7), Channels: []string{"news"}}}
	other := &Send{ID: "other", Channel: "news", State: Cleared, Window: Window{From: 0, Until: 100}}
	of := Question{Send: other, Caps: caps}
	of.Count(places, map[string]*Send{"moved": moved}, 10)
	if j := of.At(10); !j.Pressure {
		t.Errorf("the place does not count: %+v", j)
	}
	q := Question{Send: moved}
	if q.Count(places, nil, 10); q.Held {
		t.Error("the place of another channel is held")
	}
}
