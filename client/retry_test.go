package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/durationpb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/client"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/rpc/contract"
)

// wire sees each try of a call, and may lose its answer after the server gave it.
type wire struct {
	mu   sync.Mutex
	seen []proto.Message
	// lost are the errors that stand for the answers of the first tries.
	lost []error
}

func (w *wire) option() client.Option {
	return client.WithDialOptions(grpc.WithUnaryInterceptor(func(
		ctx context.Context, method string, in, out any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
	) error {
		err := invoke(ctx, method, in, out, conn, options...)
		w.mu.Lock()
		defer w.mu.Unlock()
		if m, ok := in.(proto.Message); ok {
			w.seen = append(w.seen, m)
		}
		if len(w.lost) > 0 {
			err, w.lost = w.lost[0], w.lost[1:]
		}
		return err
	}))
}

// requestIDs returns the request ids of the tries.
func (w *wire) requestIDs() []string {
	var ids []string
	for _, m := range w.seen {
		if write, ok := m.(interface{ GetRequestId() string }); ok {
			ids = append(ids, write.GetRequestId())
		}
	}
	return ids
}

func away() error { return status.Error(codes.Unavailable, "connection reset by peer") }

func full(retry time.Duration) error {
	s, err := status.New(codes.ResourceExhausted, "full").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retry)})
	if err != nil {
		return err
	}
	return s.Err()
}

// eventsOf returns how many events the ledger holds of an address.
func eventsOf(t *testing.T, c *client.Client, address string) int {
	t.Helper()
	page := must(assentv1.NewHistoryServiceClient(c).SearchHistory(t.Context(), &assentv1.SearchHistoryRequest{Address: address}))(t)
	return len(page.GetEvents())
}

func TestWrite_AnswerLost_IsRepeatedUnderOneRequestIDAndRecordedOnce(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	// A lift is recorded as often as it is asked for: without the request id the second would be SUPPRESSION_NOT_FOUND.
	plain := w.client(t)
	must(plain.Suppress(t.Context(), &assentv1.CreateSuppressionRequest{
		Target: &assentv1.CreateSuppressionRequest_Address{Address: "anna@example.at"}, Reason: "MANUAL", Scope: "marketing",
	}))(t)
	seen := &wire{lost: []error{away(), away(), full(time.Millisecond)}}
	c := w.client(t, seen.option())
	lift := &assentv1.LiftSuppressionRequest{
		Target: &assentv1.LiftSuppressionRequest_Address{Address: "anna@example.at"}, Reason: "MANUAL", Justification: "it was a mistake",
	}
	recorded := must(c.Lift(t.Context(), lift))(t)
	ids := seen.requestIDs()
	if len(ids) != 4 || ids[0] == "" || len(slices.Compact(ids)) != 1 {
		t.Errorf("the request ids of the tries are %q", seen.requestIDs())
	}
	if len(recorded.Positions) != 1 || eventsOf(t, plain, "anna@example.at") != 2 {
		t.Errorf("recorded at %v; the history has %d events", recorded.Positions, eventsOf(t, plain, "anna@example.at"))
	}
	if lift.GetRequestId() != "" {
		t.Error("the caller's message was changed")
	}
	// Another write of the same is another one.
	if _, err := c.Lift(t.Context(), lift); !isRefusal(err, codes.NotFound, "SUPPRESSION_NOT_FOUND") {
		t.Errorf("the next lift: %v", err)
	}
}

func TestWrite_RequestIDOfTheCaller_IsKept(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	seen := &wire{lost: []error{away()}}
	c := w.client(t, seen.option())
	const id = "5f0c3c1e-6d8a-4f0e-9a53-6f3a9b1c2d3e"
	in := consent("anna@example.at")
	in.RequestId = id
	must(c.Grant(t.Context(), in))(t)
	if got := strings.Join(seen.requestIDs(), " "); got != id+" "+id {
		t.Errorf("sent %s", got)
	}
}

func isRefusal(err error, code codes.Code, reason string) bool {
	e, ok := errors.AsType[*client.Error](err)
	return ok && e.Code == code && e.Reason == reason && !errors.Is(err, client.ErrUnreachable)
}

func TestRetry_OnlyWhatPassesByItself(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	question := client.CheckRequest{Address: "anna@example.at", Question: newsletter()}
	for name, test := range map[string]struct {
		err   error
		tries int
	}{
		"away":                         {away(), 2},
		"full, and when to come back":  {full(time.Millisecond), 2},
		"full":                         {status.Error(codes.ResourceExhausted, "full"), 1},
		"full, to come back at once":   {full(0), 1},
		"too late":                     {status.Error(codes.DeadlineExceeded, "late"), 1},
		"a fault of the server":        {status.Error(codes.Internal, "a cause"), 1},
		"broken off":                   {status.Error(codes.Aborted, "broken off"), 1},
		"not permitted":                {status.Error(codes.PermissionDenied, "no"), 1},
		"of which nothing is known":    {status.Error(codes.Unknown, "?"), 1},
		"which is not of gRPC at all":  {errors.New("broken"), 1},
		"cancelled on the way somehow": {status.Error(codes.Canceled, "cancelled"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			seen := &wire{lost: []error{test.err}}
			_, err := w.client(t, seen.option()).Check(t.Context(), question)
			if len(seen.seen) != test.tries || (err == nil) != (test.tries == 2) {
				t.Errorf("%d tries, then %v", len(seen.seen), err)
			}
		})
	}
}

func TestRetry_CallThatIsNotSafeToRepeat_IsMadeOnce(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	seen := &wire{lost: []error{away(), away()}}
	c := w.client(t, seen.option())
	_, err := assentv1.NewClientServiceClient(c).CreateClient(t.Context(), &assentv1.CreateClientRequest{
		Id: "shop", Role: "sender", AllDepartments: true,
	})
	if len(seen.seen) != 1 || !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("%d tries, then %v", len(seen.seen), err)
	}
	_, err = c.Consent().GrantConsent(t.Context(), consent("anna@example.at"), client.Once())
	if len(seen.seen) != 2 || seen.requestIDs()[0] != "" || !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("once: %d tries, request ids %q, then %v", len(seen.seen)-1, seen.requestIDs(), err)
	}
}

// A read that took a request id, or a write that the verbs take for a read, would be a mistake of the rule.
func TestRetry_EveryCallOfTheAPI_IsAReadOrHasARequestIDOrIsMadeOnce(t *testing.T) {
	once := []string{}
	reports := []string{"ReportSent", "BatchReportSent"} // A second one changes nothing.
	for _, method := range contract.Methods() {
		if method.IsStreamingClient() || method.IsStreamingServer() {
			continue
		}
		hasID := method.Input().Fields().ByName("request_id") != nil
		seen := &wire{lost: []error{away(), away()}}
		calls := 0
		c, err := client.New("127.0.0.1:50051", seen.option(), client.WithRetries(1), client.WithPauses(func(int) time.Duration { return 0 }),
			client.WithDialOptions(grpc.WithChainUnaryInterceptor(func(
				context.Context, string, any, any, *grpc.ClientConn, grpc.UnaryInvoker, ...grpc.CallOption,
			) error {
				calls++
				return nil
			})))
		if err != nil {
			t.Fatal(err)
		}
		in := newMessage(t, method.Input())
		if err := c.Invoke(t.Context(), contract.FullName(method), in, in); !errors.Is(err, client.ErrUnreachable) {
			t.Errorf("%s: %v", method.Name(), err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		switch {
		case calls == 1:
			once = append(once, string(method.Name()))
		case !hasID && !reads(string(method.Name())) && !slices.Contains(reports, string(method.Name())):
			t.Errorf("%s changes something, has no request id, and was made %d times", method.Name(), calls)
		}
		if hasID && calls == 1 {
			t.Errorf("%s has a request id and was made once", method.Name())
		}
	}
	for _, name := range []string{"CreateClient", "RotateClient", "RevokeClient", "VoidEvents", "RunRetention", "AddCosignatures"} {
		if !slices.Contains(once, name) {
			t.Errorf("%s was repeated", name)
		}
	}
}

func newMessage(t *testing.T, d protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	return must(protoregistry.GlobalTypes.FindMessageByName(d.FullName()))(t).New().Interface()
}

func reads(name string) bool {
	return slices.ContainsFunc([]string{"Get", "List", "Search", "Lookup", "Check", "BatchCheck", "Verify", "Prove"}, func(verb string) bool {
		return strings.HasPrefix(name, verb)
	})
}

func TestRetry_PausesGrowToTheHintOfTheServer_AndEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pauses []time.Duration
		lost := []error{away(), full(7 * time.Second), away(), away(), away(), away(), away(), away()}
		seen := &wire{lost: lost}
		c, err := client.New("127.0.0.1:50051", seen.option(), client.WithTimeout(0),
			client.WithPauses(func(retry int) time.Duration { return time.Duration(retry) * time.Second }),
			client.WithOnRetry(func(_ *client.Error, pause time.Duration) { pauses = append(pauses, pause) }),
			client.WithDialOptions(grpc.WithChainUnaryInterceptor(func(
				context.Context, string, any, any, *grpc.ClientConn, grpc.UnaryInvoker, ...grpc.CallOption,
			) error {
				return nil
			})))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		defer cancel()
		began := time.Now()
		_, err = c.Check(ctx, client.CheckRequest{Address: "anna@example.at", Question: newsletter()})
		if got := fmt.Sprint(pauses); got != "[1s 7s 3s 4s]" || time.Since(began) != 12*time.Second {
			t.Errorf("the pauses were %s; it took %v", got, time.Since(began))
		}
		if !errors.Is(err, client.ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) || status.Code(err) != codes.Unavailable {
			t.Errorf("got %v", err)
		}
	})
}

func TestRetry_ClientWithTooMuchUnderWay_ComesBackWhenTheServerSays(t *testing.T) {
	w := newWorld(t, rpc.Limits{Calls: 1})
	told := make(chan *client.Error, 100)
	c := w.client(t, client.WithOnRetry(func(err *client.Error, _ time.Duration) { told <- err }))
	done := make(chan error, 1)
	addresses := slices.Values(slices.Repeat([]string{"anna@example.at"}, 5000))
	for _, err := range c.CheckAll(t.Context(), newsletter(), addresses) {
		if err != nil {
			t.Fatal(err)
		}
		go func() { // The list has the one call that the client may have.
			_, err := c.Check(t.Context(), client.CheckRequest{Address: "bob@example.at", Question: newsletter()})
			done <- err
		}()
		if err := <-told; err.Reason != "TOO_MANY_CALLS" || err.RetryAfter != time.Second {
			t.Errorf("told of %v, to come back after %v", err, err.RetryAfter)
		}
		break
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
