package client_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/client"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/service/administration"
)

// numbered gives n addresses; at tells when one of them is taken.
func numbered(n int, at func(i int)) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range n {
			if at != nil {
				at(i)
			}
			if !yield(fmt.Sprintf("person%d@example.at", i)) {
				return
			}
		}
	}
}

// grantSome gives every tenth of the numbered addresses a consent.
func grantSome(t *testing.T, c *client.Client, n int) {
	t.Helper()
	var events []*assentv1.EventInput
	for i := 0; i < n; i += 10 {
		g := consent(fmt.Sprintf("person%d@example.at", i))
		events = append(events, &assentv1.EventInput{Fact: &assentv1.EventInput_Grant{Grant: &assentv1.Grant{
			Address: g.GetAddress(), Channels: g.GetChannels(), LegalBasis: g.GetLegalBasis(), Declaration: g.GetDeclaration(), Evidence: g.GetEvidence(),
		}}})
	}
	for _, r := range must(c.Record(t.Context(), &assentv1.BatchRecordEventsRequest{Events: events}))(t) {
		if r.GetError() != nil {
			t.Fatal(r.GetError())
		}
	}
}

func TestCheckAll_KeepsTheOrder_AndAnswersAsCheckDoes(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	c := w.client(t)
	const n = 7_321 // no multiple of a batch
	grantSome(t, c, n)
	i := 0
	for r, err := range c.CheckAll(t.Context(), newsletter(), numbered(n, nil)) {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("person%d@example.at", i); r.Address != want || r.Err != nil {
			t.Fatalf("result %d is of %s, with %v", i, r.Address, r.Err)
		}
		if r.Decision.MaySend() != (i%10 == 0) {
			t.Fatalf("result %d: %s %s", i, r.Decision.Verdict, r.Decision.Reason)
		}
		if i%1000 == 0 {
			single := must(c.Check(t.Context(), client.CheckRequest{Address: r.Address, Question: newsletter()}))(t)
			if single.Verdict != r.Decision.Verdict || single.Reason != r.Decision.Reason || single.GrantPosition != r.Decision.GrantPosition ||
				single.GrantPosition == 0 || !single.ValidUntil.Truncate(time.Second).Equal(r.Decision.ValidUntil) ||
				single.Explanation != r.Decision.Explanation || !r.Decision.MaySendAt(start) {
				t.Errorf("result %d: %+v, alone %+v", i, r.Decision, single)
			}
		}
		i++
	}
	if i != n {
		t.Errorf("%d results", i)
	}
}

func TestCheckAll_NoAddresses_AsksNothing(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	w.goAway(t)
	for r, err := range w.client(t).CheckAll(t.Context(), newsletter(), numbered(0, nil)) {
		t.Errorf("%v, %v", r, err)
	}
}

func TestCheckAll_AddressThatIsNone_FailsItsOwnResultOnly(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	c := w.client(t)
	must(c.Grant(t.Context(), consent("anna@example.at")))(t)
	bad := []string{"no address", "", "an\xffa@example.at", string(make([]byte, 1<<20))}
	addresses := slices.Concat(bad, []string{"anna@example.at"}, bad, []string{"anna@example.at"})
	// A whole batch of texts that cannot be sent lies before, between and behind.
	unsendable := slices.Repeat([]string{"\xff"}, 3000)
	addresses = slices.Concat(unsendable, addresses, unsendable, []string{"anna@example.at"}, unsendable)
	sent, failed := 0, 0
	for r, err := range c.CheckAll(t.Context(), newsletter(), slices.Values(addresses)) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Address == "anna@example.at" {
			sent++
			if !r.Decision.MaySend() {
				t.Errorf("%+v", r)
			}
			continue
		}
		failed++
		if e, ok := errors.AsType[*client.Error](r.Err); !ok || e.Reason != "INVALID_ADDRESS" || r.Decision.Verdict != "" {
			t.Fatalf("%q: %v, %v", r.Address, r.Err, r.Decision)
		}
	}
	if sent != 3 || failed != 9_008 {
		t.Errorf("%d sent, %d failed", sent, failed)
	}
}

func TestCheckAll_ServerRestartsWhileItRuns_GivesEveryResultOnceAndInOrder(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	const n = 20_000
	retries := 0
	c := w.client(t, client.WithOnRetry(func(*client.Error, time.Duration) { retries++ }))
	grantSome(t, c, n)
	restart := func(i int) {
		switch i {
		case 6_500, 15_999:
			w.goAway(t)
			w.comeBack(t)
		case 9_999: // It stays away for a while.
			w.goAway(t)
			time.AfterFunc(50*time.Millisecond, func() { w.comeBack(t) })
		}
	}
	i := 0
	for r, err := range c.CheckAll(t.Context(), newsletter(), numbered(n, restart)) {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("person%d@example.at", i); r.Address != want || r.Decision.MaySend() != (i%10 == 0) {
			t.Fatalf("result %d is of %s: %+v", i, r.Address, r)
		}
		i++
	}
	if i != n || retries < 3 {
		t.Errorf("%d results after %d retries", i, retries)
	}
}

func TestCheckAll_ServerThatStaysAway_EndsWithTheContext(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	w.goAway(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := onlyError(t, w.client(t).CheckAll(ctx, newsletter(), numbered(10, nil)))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	err = onlyError(t, w.client(t, client.WithRetries(2)).CheckAll(t.Context(), newsletter(), numbered(10, nil)))
	if !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("after two retries: %v", err)
	}
}

// onlyError returns the error of a list that has no result.
func onlyError(t *testing.T, results iter.Seq2[client.Result, error]) error {
	t.Helper()
	var last error
	n := 0
	for r, err := range results {
		n++
		last = err
		if r.Address != "" || r.Decision.MaySend() {
			t.Errorf("a result: %+v", r)
		}
	}
	if n != 1 {
		t.Errorf("%d results", n)
	}
	return last
}

func TestCheckAll_KeyRevokedWhileItRuns_EndsWithTheRefusal(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	key := must(w.newKey(t.Context(), administration.NewClient{ID: "shop", AllDepartments: true, Role: "sender"}))(t)
	c := w.client(t, client.WithKey(key))
	revoke := func(i int) {
		if i == 5_000 {
			must(w.service.RevokeClient(process(t.Context()), "shop"))(t)
		}
	}
	results := 0
	var ended error
	for _, err := range c.CheckAll(t.Context(), newsletter(), numbered(50_000, revoke)) {
		if ended = err; err == nil {
			results++
		}
	}
	if !isRefusal(ended, codes.Unauthenticated, "UNAUTHENTICATED") || results == 0 || results > 9_000 {
		t.Errorf("%d results, then %v", results, ended)
	}
}

func TestCheckAll_WrongQuestion_IsTheErrorOfTheList(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	seen := &wire{}
	err := onlyError(t, w.client(t, seen.option()).CheckAll(t.Context(), client.Question{Channel: "news"}, numbered(5_000, nil)))
	if !isRefusal(err, codes.Unknown, "UNKNOWN_CHANNEL") {
		t.Errorf("got %v", err)
	}
}

func TestCheckAll_CallerThatLeavesEarly_EndsTheStream(t *testing.T) {
	w := newWorld(t, rpc.Limits{Calls: 1})
	c := w.client(t)
	for range 3 { // With one call at a time the next list begins when the one before it has ended.
		for _, err := range c.CheckAll(t.Context(), newsletter(), numbered(100_000, nil)) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var ended error
	for _, err := range c.CheckAll(ctx, newsletter(), numbered(100_000, nil)) {
		cancel()
		ended = err
	}
	if !errors.Is(ended, context.Canceled) {
		t.Errorf("cancelled: %v", ended)
	}
}

func TestCheckAll_TakesNoMoreThanFourBatchesAhead(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	taken, results, ahead := 0, 0, 0
	for _, err := range w.client(t).CheckAll(t.Context(), newsletter(), numbered(20_000, func(int) { taken++ })) {
		if err != nil {
			t.Fatal(err)
		}
		ahead = max(ahead, taken-results)
		results++
	}
	if ahead > 4_000 {
		t.Errorf("%d addresses were taken ahead", ahead)
	}
}

func TestDeadline_ServerThatDoesNotAnswer_IsNotWaitedForLonger(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	w.goAway(t)
	w.mu.Lock()
	mute := bufconn.Listen(1 << 16) // It takes connections and says nothing.
	w.listener = mute
	w.mu.Unlock()
	go func() {
		for {
			if _, err := mute.Accept(); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = mute.Close() })
	c := w.client(t, client.WithTimeout(50*time.Millisecond))
	_, err := c.Check(t.Context(), client.CheckRequest{Address: "anna@example.at", Question: newsletter()})
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, client.ErrUnreachable) || err.Error() != "the server at 127.0.0.1:50051 did not answer in time" {
		t.Errorf("a check: %v", err)
	}
	_, err = c.Consent().CheckConsent(t.Context(), &assentv1.CheckConsentRequest{}, client.Timeout(time.Millisecond))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call with a time of its own: %v", err)
	}
	if err := onlyError(t, c.CheckAll(t.Context(), newsletter(), numbered(10, nil))); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a list: %v", err)
	}
}

// misfit alters the answers to batches on their way.
type misfit struct {
	grpc.ClientStream
	alter func(*assentv1.BatchCheckConsentResponse)
}

func (m *misfit) RecvMsg(message any) error {
	err := m.ClientStream.RecvMsg(message)
	if answer, ok := message.(*assentv1.StreamCheckConsentResponse); ok && err == nil {
		m.alter(answer.GetChecked())
	}
	return err
}

func TestCheckAll_AnswerThatDoesNotFit_GivesNoResultOfItsBatch(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	must(w.client(t).Grant(t.Context(), consent("person0@example.at")))(t)
	for name, alter := range map[string]func(a *assentv1.BatchCheckConsentResponse){
		"an index outside": func(a *assentv1.BatchCheckConsentResponse) { a.OutcomeIndexes[9] = 7 },
		"too few":          func(a *assentv1.BatchCheckConsentResponse) { a.OutcomeIndexes = a.OutcomeIndexes[1:] },
		"too many":         func(a *assentv1.BatchCheckConsentResponse) { a.OutcomeIndexes = append(a.OutcomeIndexes, 0) },
		"positions":        func(a *assentv1.BatchCheckConsentResponse) { a.GrantPositions = nil },
		"ends":             func(a *assentv1.BatchCheckConsentResponse) { a.BasisEndSeconds = []int64{1} },
		"links":            func(a *assentv1.BatchCheckConsentResponse) { a.Links = make([]*assentv1.MessageLinks, 3) },
		"times":            func(a *assentv1.BatchCheckConsentResponse) { a.ValidUntilSeconds = nil },
		"nothing":          func(a *assentv1.BatchCheckConsentResponse) { proto.Reset(a) },
	} {
		t.Run(name, func(t *testing.T) {
			c := w.client(t, client.WithDialOptions(grpc.WithStreamInterceptor(func(
				ctx context.Context, d *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption,
			) (grpc.ClientStream, error) {
				s, err := open(ctx, d, conn, method, options...)
				return &misfit{s, alter}, err
			})))
			if err := onlyError(t, c.CheckAll(t.Context(), newsletter(), numbered(10, nil))); err == nil {
				t.Error("it was taken")
			}
		})
	}
}
