package follower

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/client"
	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/suppressionfilter"
)

// channel is that of the sets in these tests.
func channel() *assentv1.FeedChannel {
	return &assentv1.FeedChannel{Id: "newsletter", Class: "marketing", Department: "press", Controller: "acme", SenderIdentity: "weekly", Refusable: true}
}

// filled returns a set of n people, half of whom have a consent and half of whom left.
func filled(t testing.TB, n int, key suppressionfilter.Key) *set {
	t.Helper()
	s, err := newSet(!key.IsZero(), []*assentv1.FeedChannel{channel()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := s.change(person(i, key), &Batch{All: true}); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Unix(1_800_000_000, 0)
	s.token, s.caughtUp, s.asOf, s.clock = "token", true, now, clock{server: now, asked: now}
	return s
}

func addressOf(i int) string { return fmt.Sprintf("first.last%d@mail%d.example", i, i%1000) }

// person is what holds of a person.
func person(i int, key suppressionfilter.Key) *assentv1.Change {
	c := &assentv1.Change{
		Change: assentv1.ChangeType_CHANGE_TYPE_ADDED, Channel: "newsletter", Order: uint64(1_700_000_000_000_000 + i), //nolint:gosec // Small.
		Match: assentv1.AddressMatch_ADDRESS_MATCH_EXACT, Kind: assentv1.RuleKind_RULE_KIND_GRANT, Reason: "ALLOW_CONSENT",
		EndsRefusal: true, EndsObjection: true, UntilTime: timestamppb.New(time.Unix(1_900_000_000, 0)),
	}
	if i%2 == 1 {
		c.Match, c.Kind, c.Reason = assentv1.AddressMatch_ADDRESS_MATCH_FOLDED, assentv1.RuleKind_RULE_KIND_REFUSAL, "WITHDRAWN"
		c.EndsRefusal, c.EndsObjection, c.UntilTime, c.EndedBy = false, false, nil, assentv1.EndedBy_ENDED_BY_CONSENT
	}
	a, err := address.Parse(addressOf(i))
	if err != nil {
		panic(err)
	}
	text, form := a.Exact(), suppressionfilter.MatchExact
	if i%2 == 1 {
		text, form = a.Folded(), suppressionfilter.MatchFolded
	}
	c.Recipient = &assentv1.Change_Address{Address: text}
	if !key.IsZero() {
		hash := key.Hash(form, text)
		c.Recipient = &assentv1.Change_Hash{Hash: fmt.Sprintf("%x", hash[:])}
	}
	return c
}

func testKey(t testing.TB) suppressionfilter.Key {
	t.Helper()
	key, err := suppressionfilter.NewKey(0, [32]byte{1}, [32]byte{2})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// answering returns a Follower that answers by a set of n people.
func answering(t testing.TB, n int, key suppressionfilter.Key) *Follower {
	t.Helper()
	now := func() time.Time { return time.Unix(1_800_000_000, 0) }
	options := Options{Key: key, Consumer: "tool", Now: now}
	c, err := client.New("127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	f, err := New(c, options)
	if err != nil {
		t.Fatal(err)
	}
	f.wall, f.set = now, filled(t, n, key)
	f.clock = f.set.clock
	f.publish()
	return f
}

func BenchmarkCheck(b *testing.B) {
	for name, key := range map[string]suppressionfilter.Key{"plain": {}, "keyed": testKey(b)} {
		b.Run(name, func(b *testing.B) {
			const n = 1_000_000
			f := answering(b, n, key)
			asked := make([]string, 1<<16)
			for i := range asked {
				asked[i] = addressOf(i * 15)
			}
			b.ReportAllocs()
			allowed := 0
			for i := 0; b.Loop(); i++ {
				answer, err := f.Check(asked[i&(1<<16-1)], "newsletter")
				if err != nil {
					b.Fatal(err)
				}
				if answer.Allowed {
					allowed++
				}
			}
			if allowed == 0 {
				b.Error("nothing was allowed")
			}
		})
	}
}

func TestCheck_InClear_TakesNoMemory(t *testing.T) {
	f := answering(t, 1000, suppressionfilter.Key{})
	allocations := testing.AllocsPerRun(1000, func() {
		if answer, err := f.Check("first.last10@mail10.example", "newsletter"); err != nil || !answer.Allowed {
			t.Error(answer, err)
		}
	})
	if allocations > 0 {
		t.Errorf("a check makes %.0f allocations", allocations)
	}
}

func BenchmarkApply(b *testing.B) {
	for name, key := range map[string]suppressionfilter.Key{"plain": {}, "keyed": testKey(b)} {
		b.Run(name, func(b *testing.B) {
			const n = 200_000
			changes := make([]*assentv1.Change, n)
			for i := range changes {
				changes[i] = person(i, key)
			}
			var s *set
			for b.Loop() {
				s = filled(b, 0, key)
				for _, c := range changes {
					if err := s.change(c, &Batch{All: true}); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "changes/s")
			_, size := s.size()
			b.ReportMetric(float64(size)/n, "B/recipient")
		})
	}
}

// full is a file on a disk that is full after some bytes.
type full struct {
	file
	left int
}

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, syscall.ENOSPC
	}
	return f.file.Write(p)
}

// On a full disk the Follower says so, goes on answering, keeps the file that it has, and writes again once there is room.
func TestSave_FullDisk_AnswersGoOnAndTheFileStays(t *testing.T) {
	f := answering(t, 1000, suppressionfilter.Key{})
	f.options.File = t.TempDir() + "/set"
	var events []Event
	f.options.OnEvent = func(e Event) { events = append(events, e) }
	now := time.Unix(1_800_000_000, 0)
	f.wall = func() time.Time { return now }
	room := 1 << 30
	f.saver.create = func(path string) (file, error) {
		to, err := createFile(path)
		return &full{file: to, left: room}, err
	}
	step := func(token string) {
		t.Helper()
		m := &assentv1.WatchChangesResponse{Changes: []*assentv1.Change{person(len(token), suppressionfilter.Key{})}, Heartbeat: &assentv1.Heartbeat{
			Token: token, Time: timestamppb.New(now),
		}}
		if err := f.take(context.Background(), m); err != nil {
			t.Fatal(err)
		}
		if f.saver.running != nil {
			f.saved(<-f.saver.running)
		}
		now = now.Add(f.options.SaveEvery)
	}
	token := func() string {
		t.Helper()
		again, err := New(f.client, Options{File: f.options.File, Consumer: "tool"})
		if err != nil {
			t.Fatal(err)
		}
		return again.saver.written
	}
	step("first")
	room = 5000
	step("second")
	if got := token(); got != "first" {
		t.Errorf("the file has the token %q", got)
	}
	last := events[len(events)-1]
	if last.Kind != EventNotSaved || !errors.Is(last.Err, syscall.ENOSPC) || !errors.Is(f.Status().SaveError, syscall.ENOSPC) {
		t.Errorf("it said %+v; %+v", last, f.Status())
	}
	now = f.published.Load().asOf
	if answer, err := f.Check(addressOf(10), "newsletter"); err != nil || !answer.Allowed {
		t.Errorf("%+v, %v", answer, err)
	}
	if err := f.lastSave(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("at the end: %v", err)
	}
	now, room = now.Add(f.options.SaveEvery), 1<<30
	step("third")
	if got := token(); got != "third" || f.Status().SaveError != nil {
		t.Errorf("the file has the token %q; %+v", got, f.Status())
	}
}

func FuzzDecode(f *testing.F) {
	want := &identity{Format: fileFormat, FoldVersion: address.FoldVersion}
	for _, n := range []int{0, 1, 20} {
		var out bytes.Buffer
		if err := encode(&out, want, filled(f, n, suppressionfilter.Key{}).publish()); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes())
		f.Add(out.Bytes()[:out.Len()/2])
		f.Add(out.Bytes()[:out.Len()-sha256.Size])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		sum := sha256.Sum256(data)
		for _, data := range [][]byte{data, append(bytes.Clone(data), sum[:]...)} { // As it is, and with a checksum that fits.
			s, err := decode(bytes.NewReader(data), want)
			if (s == nil) == (err == nil) {
				t.Fatalf("%v, %v", s, err)
			}
			if err != nil {
				continue
			}
			var out bytes.Buffer
			if err := encode(&out, want, s.publish()); err != nil {
				t.Fatal(err)
			}
			if _, err := decode(&out, want); err != nil {
				t.Fatalf("what was read and written again is refused: %v", err)
			}
		}
	})
}

// Erasures in a row make memory and file anew once a minute, not each time: of millions of people that takes seconds.
func TestErasures_InARow_AreDroppedFromMemoryAndFileWithinAMinute(t *testing.T) {
	f := answering(t, 10, suppressionfilter.Key{})
	now := epoch
	f.wall, f.options.File, f.options.SaveEvery = func() time.Time { return now }, t.TempDir()+"/set", time.Hour
	erase := func(people ...int) (saved bool) {
		t.Helper()
		m := message(now, false)
		for _, i := range people {
			c := person(i, suppressionfilter.Key{})
			m.Changes = append(m.Changes, &assentv1.Change{
				Change: assentv1.ChangeType_CHANGE_TYPE_REMOVED, Kind: assentv1.RuleKind_RULE_KIND_ADDRESS, Match: c.GetMatch(), Recipient: c.GetRecipient(),
			})
		}
		if err := f.take(context.Background(), m); err != nil {
			t.Fatal(err)
		}
		if f.saver.running == nil {
			return false
		}
		f.saved(<-f.saver.running)
		return true
	}
	has := func(i int) bool {
		t.Helper()
		data, err := os.ReadFile(f.options.File)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(data, []byte(addressOf(i)))
	}
	if !erase(2) || f.set.erased || has(2) || !has(4) {
		t.Error("the first was not dropped at once")
	}
	now = now.Add(time.Second)
	if erase(4) || !f.set.erased || !has(4) {
		t.Error("the second was dropped at once")
	}
	now = now.Add(forgetEvery)
	if !erase() || f.set.erased || has(4) {
		t.Error("it was not dropped after a minute")
	}
}
