package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/check"
)

func openStream(ctx context.Context, t testing.TB, w *world) assentv1.ConsentService_StreamCheckConsentClient {
	t.Helper()
	stream, err := assentv1.NewConsentServiceClient(w.conn).StreamCheckConsent(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func batchOf(channel string, addresses ...string) *assentv1.StreamCheckConsentRequest {
	return &assentv1.StreamCheckConsentRequest{Check: &assentv1.BatchCheckConsentRequest{Channel: channel, Addresses: addresses}}
}

func mustSend(t testing.TB, stream assentv1.ConsentService_StreamCheckConsentClient, list ...*assentv1.StreamCheckConsentRequest) {
	t.Helper()
	for _, m := range list {
		if err := stream.Send(m); err != nil {
			t.Fatal(err)
		}
	}
}

func mustReceive(
	t testing.TB, stream assentv1.ConsentService_StreamCheckConsentClient,
) *assentv1.StreamCheckConsentResponse {
	t.Helper()
	answer, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestStreamCheck_AnswersEachBatch_AsBatchCheckDoes(t *testing.T) {
	w := newWorld(t)
	client := assentv1.NewConsentServiceClient(w.conn)
	if _, err := client.BatchRecordEvents(w.as(), &assentv1.BatchRecordEventsRequest{Events: facts()[:7]}); err != nil {
		t.Fatal(err)
	}
	requests := []*assentv1.StreamCheckConsentRequest{
		batchOf("newsletter", "anna@example.com", "no address", "bob@example.com"),
		batchOf("product-marketing", "anna@example.com"),
		batchOf("newsletter", "dora@example.org"),
	}
	stream := openStream(w.as(), t, w)
	mustSend(t, stream, requests...)
	for i, m := range requests {
		want, err := client.BatchCheckConsent(w.as(), m.GetCheck())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, mustReceive(t, stream).GetChecked(), protocmp.Transform()); diff != "" {
			t.Errorf("answer %d (-batch +stream):\n%s", i, diff)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last answer: got %v", err)
	}
}

func TestStreamCheck_FaultOfOneRequest_IsItsAnswerAndTheNextIsAnswered(t *testing.T) {
	w := newWorld(t)
	desk := w.client(administration.NewClient{ID: "desk", Department: "marketing", Role: "sender"})
	tooMany := batchOf("product-marketing", slices.Repeat([]string{"anna@example.com"}, 10_001)...)
	future := batchOf("product-marketing", "anna@example.com")
	future.Check.AsOf = timestamppb.New(start.AddDate(1, 0, 0))
	unreadable := batchOf("product-marketing", "anna@example.com")
	unreadable.ProtoReflect().SetUnknown([]byte{0x0a, 0x02, 0x0a, 0xff}) // A check that ends within an address.
	for name, test := range map[string]struct {
		request *assentv1.StreamCheckConsentRequest
		want    string
	}{
		"unknown channel":    {batchOf("no-channel", "anna@example.com"), "UNKNOWN_CHANNEL"},
		"another department": {batchOf("newsletter", "anna@example.com"), "OTHER_DEPARTMENT"},
		"too many addresses": {tooMany, "INVALID_REQUEST"},
		"no address at all":  {batchOf("product-marketing"), "INVALID_REQUEST"},
		"no batch":           {&assentv1.StreamCheckConsentRequest{}, "INVALID_REQUEST"},
		"in the future":      {future, "TIME_IN_FUTURE"},
		"unreadable":         {unreadable, "INVALID_REQUEST"},
	} {
		t.Run(name, func(t *testing.T) {
			stream := openStream(with(t, desk), t, w)
			mustSend(t, stream, test.request, batchOf("product-marketing", "anna@example.com"))
			if got := mustReceive(t, stream).GetError(); got.GetReason() != test.want || got.GetMessage() == "" {
				t.Errorf("got %v, want %s", got, test.want)
			}
			if got := mustReceive(t, stream); len(got.GetChecked().GetOutcomeIndexes()) != 1 {
				t.Errorf("the next request was answered with %v", got)
			}
		})
	}
	if strings.Contains(w.log.String(), "anna") {
		t.Error("the log holds an address")
	}
}

func TestStreamCheck_RevokedKey_EndsWithTheNextMessage(t *testing.T) {
	w := newWorld(t)
	key := w.client(administration.NewClient{ID: "shop", AllDepartments: true, Role: "sender"})
	stream := openStream(with(t, key), t, w)
	mustSend(t, stream, batchOf("newsletter", "anna@example.com"))
	mustReceive(t, stream)
	if _, err := w.service.RevokeClient(process(t), "shop"); err != nil {
		t.Fatal(err)
	}
	mustSend(t, stream, batchOf("newsletter", "anna@example.com"))
	if _, err := stream.Recv(); status.Code(err) != codes.Unauthenticated {
		t.Errorf("got %v", err)
	}
}

func TestStreamCheck_StopOfTheServer_EndsIt(t *testing.T) {
	w := newWorld(t)
	stream := openStream(w.as(), t, w)
	mustSend(t, stream, batchOf("newsletter", "anna@example.com"))
	mustReceive(t, stream)
	w.endLife()
	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable || reasonOf(t, err) != "SERVER_STOPPING" {
		t.Errorf("got %v", err)
	}
}

func TestStreamCheck_MessageBeyondTheLimit_EndsItAndIsNoErrorOfTheServer(t *testing.T) {
	w := newWorld(t)
	stream := openStream(w.as(), t, w)
	mustSend(t, stream, batchOf("newsletter", strings.Repeat("a", 17<<20)))
	if _, err := stream.Recv(); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("got %v", err)
	}
	w.server.Stop() // Waits for the handler.
	if log := w.log.String(); strings.Contains(log, slog.LevelError.String()) {
		t.Errorf("the log holds an error:\n%s", log)
	}
}

func newBatches(t *testing.T, batch func(context.Context, check.BatchInput) (check.BatchResult, error)) *world {
	t.Helper()
	return newFake(t, &fake{batch: batch})
}

func TestStreamCheck_DeadlineOfTheCaller_EndsIt(t *testing.T) {
	w := newBatches(t, func(ctx context.Context, _ check.BatchInput) (check.BatchResult, error) {
		<-ctx.Done()
		return check.BatchResult{}, ctx.Err()
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	stream := openStream(ctx, t, w)
	mustSend(t, stream, batchOf("newsletter", "anna@example.com"))
	if _, err := stream.Recv(); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
}

func TestStreamCheck_WhatIsNoFaultOfTheRequest_EndsIt(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want codes.Code
	}{
		"outage":      {mustFault(fault.Unavailable), codes.Unavailable},
		"missing key": {mustFault(fault.KeyMissing), codes.Unavailable},
		"scope":       {mustFault(fault.ScopeMissing), codes.PermissionDenied},
		"internal":    {errors.New("a cause"), codes.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			w := newBatches(t, func(context.Context, check.BatchInput) (check.BatchResult, error) {
				return check.BatchResult{}, test.err
			})
			stream := openStream(t.Context(), t, w)
			mustSend(t, stream, batchOf("newsletter", "anna@example.com"))
			if _, err := stream.Recv(); status.Code(err) != test.want {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestStreamCheck_PanicInABatch_IsInternal(t *testing.T) {
	w := newBatches(t, func(context.Context, check.BatchInput) (check.BatchResult, error) { panic("anna@example.com") })
	stream := openStream(t.Context(), t, w)
	mustSend(t, stream, batchOf("newsletter", "anna@example.com"))
	if _, err := stream.Recv(); status.Code(err) != codes.Internal {
		t.Errorf("got %v", err)
	}
	if strings.Contains(w.log.String(), "anna") {
		t.Error("the log holds an address")
	}
}

func TestStreamCheck_OneBatchIsDecidedAtATime_AndTheNextWaitInTheConnection(t *testing.T) {
	deciding, decide := make(chan string), make(chan struct{})
	w := newBatches(t, func(ctx context.Context, in check.BatchInput) (check.BatchResult, error) {
		deciding <- in.Addresses[0]
		select {
		case <-decide:
		case <-ctx.Done():
		}
		return check.BatchResult{
			Outcomes: make([]check.Outcome, 1), Of: make([]uint32, 1), Positions: make([]int64, 1), ValidUntil: make([]consent.Instant, 1),
		}, nil
	})
	stream := openStream(t.Context(), t, w)
	for i := range 10 { // None of these waits for an answer.
		mustSend(t, stream, batchOf("newsletter", fmt.Sprint(i)))
	}
	for i := range 10 {
		if got := <-deciding; got != fmt.Sprint(i) {
			t.Fatalf("batch %s is decided as number %d", got, i)
		}
		select {
		case got := <-deciding:
			t.Fatalf("batch %s is decided beside batch %d", got, i)
		case decide <- struct{}{}:
		}
		mustReceive(t, stream)
	}
}

func TestStreamCheck_CallerThatGoesAway_IsNoErrorOfTheServer(t *testing.T) {
	deciding := make(chan struct{})
	w := newBatches(t, func(ctx context.Context, _ check.BatchInput) (check.BatchResult, error) {
		close(deciding)
		<-ctx.Done()
		return check.BatchResult{}, ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	stream := openStream(ctx, t, w)
	mustSend(t, stream, batchOf("newsletter", "anna@example.com"))
	<-deciding
	cancel()
	w.server.Stop() // Waits for the handler.
	if log := w.log.String(); strings.Contains(log, slog.LevelError.String()) {
		t.Errorf("the log holds an error:\n%s", log)
	}
}
