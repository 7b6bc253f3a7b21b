package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/service/check"
)

func callCheck(ctx context.Context, conn grpc.ClientConnInterface, opts ...grpc.CallOption) error {
	_, err := assentv1.NewConsentServiceClient(conn).CheckConsent(ctx, &assentv1.CheckConsentRequest{
		Address: "anna@example.com", Channel: "newsletter",
	}, opts...)
	return err
}

func TestErrors_EveryFault_HasACode(t *testing.T) {
	for _, code := range fault.AllCodes() {
		if got := rpc.StatusOf(mustFault(code)).Code(); got == codes.Internal || got == codes.Unknown || got == codes.OK {
			t.Errorf("%s has the code %s", code, got)
		}
	}
}

func TestErrors_CodesAreThoseOfTheDocumentation(t *testing.T) {
	for code, want := range map[fault.Code]codes.Code{
		fault.InvalidAddress: codes.InvalidArgument, fault.TimeInFuture: codes.InvalidArgument,
		fault.PositionUnknown: codes.OutOfRange,
		fault.NotRefusable:    codes.FailedPrecondition, fault.NoEffect: codes.FailedPrecondition,
		fault.NothingPending: codes.FailedPrecondition, fault.RequestEnded: codes.FailedPrecondition,
		fault.NoCatalog: codes.FailedPrecondition, fault.VersionInUse: codes.FailedPrecondition,
		fault.ErasedBefore: codes.FailedPrecondition, fault.LegalHold: codes.FailedPrecondition,
		fault.NotHeld: codes.FailedPrecondition, fault.NotVoidable: codes.FailedPrecondition,
		fault.NoClaimsKey:  codes.FailedPrecondition,
		fault.EtagMismatch: codes.Aborted, fault.SuppressionMissing: codes.NotFound,
		fault.RequestIDReused: codes.AlreadyExists, fault.Unauthenticated: codes.Unauthenticated,
		fault.ScopeMissing: codes.PermissionDenied, fault.OtherDepartment: codes.PermissionDenied,
		fault.TooLarge: codes.ResourceExhausted, fault.Unavailable: codes.Unavailable,
		fault.ClockSkew: codes.Unavailable, fault.KeyMissing: codes.Unavailable, fault.ServerStopping: codes.Unavailable,
	} {
		if got := rpc.StatusOf(mustFault(code)).Code(); got != want {
			t.Errorf("%s: got %s, want %s", code, got, want)
		}
	}
}

func TestErrors_FaultOfAField_NamesItEverywhere(t *testing.T) {
	w := newFake(t, failing(fmt.Errorf("wrapped: %w", mustFault(fault.UnknownChannel))))
	err := callCheck(t.Context(), w.conn)
	if status.Code(err) != codes.InvalidArgument || reasonOf(t, err) != "UNKNOWN_CHANNEL" {
		t.Fatalf("got %v", err)
	}
	if got := fieldsOf(err); len(got) != 1 || got[0] != "channel" {
		t.Errorf("violations of %v", got)
	}
	if !strings.HasPrefix(status.Convert(err).Message(), "channel: ") {
		t.Errorf("the text does not name the field: %v", err)
	}
}

func TestErrors_Unmapped_BecomesInternalWithFixedTextAndRequestID(t *testing.T) {
	for name, cause := range map[string]error{
		"an error":         errors.New("disk 7 is full of anna@example.com"),
		"a status":         status.Error(codes.NotFound, "disk 7"),
		"an unknown fault": &fault.Error{Code: "DISK_SEVEN", Message: "disk 7"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFake(t, failing(cause))
			err := callCheck(metadata.AppendToOutgoingContext(t.Context(), "x-request-id", "req-1"), w.conn)
			got := status.Convert(err)
			if got.Code() != codes.Internal || strings.Contains(got.Message(), "disk") || !strings.Contains(got.Message(), "req-1") {
				t.Errorf("got %v", err)
			}
			found := false
			for _, detail := range got.Details() {
				info, ok := detail.(*errdetails.RequestInfo)
				found = found || ok && info.GetRequestId() == "req-1"
			}
			if !found {
				t.Error("no RequestInfo with the request id")
			}
			if log := w.log.String(); !strings.Contains(log, "disk 7") || !strings.Contains(log, "request_id=req-1") {
				t.Errorf("the log does not say what happened:\n%s", log)
			}
		})
	}
}

func TestErrors_CauseOfAnOutage_IsLoggedOncePerSecond_AndNotTold(t *testing.T) {
	w := newFake(t, failing(mustFault(fault.Unavailable).Because(errors.New("dial tcp 10.0.0.7:5432\n\tconnection refused"))))
	for range 5 {
		err := callCheck(t.Context(), w.conn)
		if reasonOf(t, err) != "STORE_UNAVAILABLE" || strings.Contains(fmt.Sprint(status.Convert(err).Proto()), "10.0.0.7") {
			t.Fatalf("got %v", err)
		}
	}
	log := w.log.String()
	if got := strings.Count(log, `error="dial tcp 10.0.0.7:5432; connection refused"`); got < 1 || got > 2 {
		t.Errorf("the cause is logged %d times:\n%s", got, log)
	}
	if got := strings.Count(log, "msg=call "); got != 5 {
		t.Errorf("%d calls are logged, want 5:\n%s", got, log)
	}
}

func TestOneLine_SaysEverythingOnce(t *testing.T) {
	for given, want := range map[string]string{
		"":         "",
		"a":        "a",
		"a:\n\tb":  "a: b",
		"a\nb\r\n": "a; b",
		"failed to connect:\n\t[::1]: refused\n\t127.0.0.1: refused\n\t[::1]: refused\n": "failed to connect: [::1]: refused; 127.0.0.1: refused",
	} {
		if got := rpc.OneLine(given); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}

func TestErrors_Context_IsCancelledOrDeadline(t *testing.T) {
	for want, cause := range map[codes.Code]error{
		codes.Canceled: context.Canceled, codes.DeadlineExceeded: fmt.Errorf("wait: %w", context.DeadlineExceeded),
	} {
		if err := callCheck(t.Context(), newFake(t, failing(cause)).conn); status.Code(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestErrors_Panic_BecomesInternalAndTheServerLives(t *testing.T) {
	panics := true
	w := newFake(t, &fake{check: func(context.Context) (check.Result, error) {
		if panics {
			panic("anna@example.com")
		}
		return check.Result{}, nil
	}})
	err := callCheck(t.Context(), w.conn)
	if status.Code(err) != codes.Internal || strings.Contains(err.Error(), "anna") {
		t.Errorf("got %v", err)
	}
	if log := w.log.String(); !strings.Contains(log, "a call panicked") || strings.Contains(log, "anna") {
		t.Errorf("the log: %s", log)
	}
	panics = false
	if err := callCheck(t.Context(), w.conn); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}

func TestDeadline_CallWithoutOne_GetsTheDefault_AndOneThatIsGivenStands(t *testing.T) {
	var inside context.Context
	var left time.Duration
	w := newFake(t, &fake{check: func(ctx context.Context) (check.Result, error) {
		deadline, _ := ctx.Deadline()
		inside, left = ctx, time.Until(deadline)
		return check.Result{}, nil
	}})
	if err := callCheck(t.Context(), w.conn); err != nil {
		t.Fatal(err)
	}
	if left <= 20*time.Second || left > 30*time.Second {
		t.Errorf("%v are left of the default", left)
	}
	if <-inside.Done(); !errors.Is(inside.Err(), context.Canceled) {
		t.Errorf("after the call: %v", inside.Err())
	}
	given, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if err := callCheck(given, w.conn); err != nil {
		t.Fatal(err)
	}
	if left <= 50*time.Minute {
		t.Errorf("%v are left of an hour", left)
	}
}

func TestRequestID_SaneOne_IsKept_OthersAreReplaced(t *testing.T) {
	w := newFake(t, &fake{check: func(context.Context) (check.Result, error) { return check.Result{}, nil }})
	for given, kept := range map[string]bool{
		"": false, "order-4711_a.b": true, "anna@example.com": false, "a b": false, strings.Repeat("x", 65): false,
	} {
		ctx := t.Context()
		if given != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "x-request-id", given)
		}
		var header metadata.MD
		if err := callCheck(ctx, w.conn, grpc.Header(&header)); err != nil {
			t.Fatal(err)
		}
		got := header.Get("x-request-id")
		if len(got) != 1 || got[0] == "" || (got[0] == given) != kept {
			t.Errorf("given %q, got %q", given, got)
		}
	}
}
