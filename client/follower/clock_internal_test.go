package follower

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/suppressionfilter"
)

var epoch = time.Unix(1_800_000_000, 0)

// message is one that the server sends at a time, about some of the people of the set.
func message(sent time.Time, more bool, people ...int) *assentv1.WatchChangesResponse {
	m := &assentv1.WatchChangesResponse{Heartbeat: &assentv1.Heartbeat{Token: "next", More: more, Time: timestamppb.New(sent)}}
	for _, i := range people {
		m.Changes = append(m.Changes, person(i, suppressionfilter.Key{}))
	}
	return m
}

func TestClock_Hear_FollowsTheServerAndNoticesWhatIsLate(t *testing.T) {
	const limit = 30 * time.Second
	for name, c := range map[string]struct {
		server, local time.Duration // that went by until the message was sent and came
		late          bool
		latest        time.Duration // that the server's clock may show then
	}{
		"at once":                              {time.Minute, time.Minute, false, time.Minute},
		"a while under way":                    {time.Minute, 80 * time.Second, false, 80 * time.Second},
		"long under way":                       {time.Minute, 2 * time.Minute, true, 2 * time.Minute},
		"this clock is slower, or was stopped": {time.Hour, time.Minute, false, time.Hour},
		"the server's was set back":            {-time.Hour, time.Minute, true, time.Minute},
	} {
		clock := clock{server: epoch, asked: epoch.Add(-48 * time.Hour)} // That of the machine lags by two days.
		now := clock.asked.Add(c.local)
		if err := clock.hear(epoch.Add(c.server), now, limit); errors.Is(err, errLate) != c.late {
			t.Errorf("%s: %v", name, err)
		}
		if got := clock.latest(now).Sub(epoch); got != c.latest {
			t.Errorf("%s: the server's clock shows %s at the latest, want %s", name, got, c.latest)
		}
	}
}

// A message that waited in a buffer, such as while the program was stopped, does not make a set fresh.
func TestTake_MessageOfLongAgo_LeavesTheSetStale(t *testing.T) {
	f := answering(t, 10, suppressionfilter.Key{})
	now := epoch
	f.wall = func() time.Time { return now }
	now = now.Add(10 * time.Minute)
	if err := f.take(context.Background(), message(epoch.Add(time.Minute), false, 20)); !errors.Is(err, errLate) {
		t.Errorf("it was taken as if it were new: %v", err)
	}
	if answer, err := f.Check(addressOf(10), "newsletter"); !errors.Is(err, ErrStale) || answer != (Answer{}) {
		t.Errorf("%+v, %v", answer, err)
	}
	if err := f.take(context.Background(), message(epoch.Add(10*time.Minute), false, 30)); err != nil {
		t.Error(err)
	}
	if answer, err := f.Check(addressOf(20), "newsletter"); err != nil || !answer.Allowed || !answer.AsOf.Equal(epoch.Add(10*time.Minute)) {
		t.Errorf("%+v, %v", answer, err)
	}
}

func TestTake_HeartbeatWithoutATime_IsRefused(t *testing.T) {
	f := answering(t, 10, suppressionfilter.Key{})
	m := message(epoch, false)
	m.Heartbeat.Time = nil
	if err := f.take(context.Background(), m); !errors.Is(err, ErrVersion) {
		t.Error(err)
	}
}

// OnChange is told once the set answers by all of it: a program that asks meanwhile about those who changed gets an answer.
func TestTake_MoreFollows_ChecksAndOnChangeWaitForTheEnd(t *testing.T) {
	f := answering(t, 10, suppressionfilter.Key{})
	var told []Batch
	f.options.OnChange = func(_ context.Context, b Batch) error {
		told = append(told, b)
		if _, err := f.Check(addressOf(20), "newsletter"); err != nil {
			t.Error(err)
		}
		return nil
	}
	now := epoch.Add(10 * time.Minute) // What it has is stale.
	f.wall = func() time.Time { return now }
	for _, m := range []*assentv1.WatchChangesResponse{message(now, true, 20, 21), message(now, true, 22)} {
		if err := f.take(context.Background(), m); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Check(addressOf(20), "newsletter"); !errors.Is(err, ErrStale) || len(told) > 0 {
			t.Errorf("while more follows: %v, told %+v", err, told)
		}
	}
	if err := f.take(context.Background(), message(now, false, 20, 24)); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || told[0].All || len(told[0].Changed) != 4 {
		t.Errorf("told %+v", told)
	}
}

// What a message tells of the catalog and of erased people together: the server may take it as received, and its snapshot then does not name them.
func TestTake_CatalogChangesAndAPersonIsErased_TheErasureIsTold(t *testing.T) {
	f := answering(t, 10, suppressionfilter.Key{})
	var told []Batch
	var failure error
	f.options.OnChange = func(_ context.Context, b Batch) error {
		told = append(told, b)
		return failure
	}
	erased := person(2, suppressionfilter.Key{})
	erased.Change, erased.Kind = assentv1.ChangeType_CHANGE_TYPE_REMOVED, assentv1.RuleKind_RULE_KIND_ADDRESS
	m := message(epoch, false, 4)
	m.Changes = append(m.Changes, erased, &assentv1.Change{Change: assentv1.ChangeType_CHANGE_TYPE_RESET, Channel: "newsletter"})
	err := f.take(context.Background(), m)
	if f.remedy(err) != nil || f.set != nil {
		t.Errorf("it does not take a snapshot: %v", err)
	}
	want := Recipient{Match: MatchExact, Address: addressOf(2)}
	if len(told) != 1 || !slices.Equal(told[0].Erased, []Recipient{want}) || told[0].All || len(told[0].Changed) > 0 {
		t.Errorf("told %+v", told)
	}
	f.set, failure = filled(t, 10, suppressionfilter.Key{}), errors.New("the table is locked")
	if err := f.take(context.Background(), m); !errors.Is(f.remedy(err), failure) {
		t.Errorf("OnChange failed, and Run goes on: %v", err)
	}
}

func TestBatch_TooManyChanged_SaysAll(t *testing.T) {
	var b Batch
	for i := range maxChanged + 2 {
		b.add(Recipient{Match: MatchExact, Address: addressOf(i)}, i == 0)
	}
	if !b.All || len(b.Changed) > 0 || len(b.Erased) != 1 {
		t.Errorf("all %t, %d changed, %d erased", b.All, len(b.Changed), len(b.Erased))
	}
}
