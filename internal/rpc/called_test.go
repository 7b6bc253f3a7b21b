package rpc_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/service/check"
)

// counted counts calls by method and code.
type counted struct {
	mu    sync.Mutex
	calls map[string]int
}

func (c *counted) called(method string, code codes.Code, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if took <= 0 || took > time.Minute {
		method += " took " + took.String()
	}
	c.calls[method[strings.LastIndexByte(method, '/')+1:]+" "+code.String()]++
}

// take returns what was counted since the last time.
func (c *counted) take() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.calls
	c.calls = map[string]int{}
	return taken
}

func TestCalled_EveryCallIsCountedOnce_HoweverItEnds(t *testing.T) {
	var answer func() (check.Result, error)
	use := &fake{
		check: func(context.Context) (check.Result, error) { return answer() },
		batch: func(context.Context, check.BatchInput) (check.BatchResult, error) {
			return check.BatchResult{}, nil
		},
	}
	counts := &counted{calls: map[string]int{}}
	api, err := rpc.New(rpc.Options{Service: use, Logger: slog.New(slog.DiscardHandler), Life: t.Context(), Open: true, Called: counts.called})
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(append(api.ServerOptions(), grpc.WaitForHandlers(true))...)
	api.Register(server)
	grpc_health_v1.RegisterHealthServer(api.Guarded(server), health.NewServer())
	conn := connect(t, server)
	client := assentv1.NewConsentServiceClient(conn)
	ask := func(address string, sender ...string) {
		// What it ends with is what is counted.
		_, _ = client.CheckConsent(t.Context(), &assentv1.CheckConsentRequest{
			Address: address, Channel: "newsletter", SenderIdentity: strings.Join(sender, ""),
		})
	}
	for _, test := range []struct {
		name string
		call func()
		want map[string]int
	}{
		{"answered", func() { ask("a@example.com") }, map[string]int{"CheckConsent OK": 1}},
		{"of a wrong shape", func() { ask("a@example.com", strings.Repeat("s", 65)) }, map[string]int{"CheckConsent InvalidArgument": 1}},
		{"larger than any message", func() { ask(strings.Repeat("a", rpc.MaxMessage+1)) }, map[string]int{"CheckConsent ResourceExhausted": 1}},
		{"broken", func() {
			answer = func() (check.Result, error) { return check.Result{}, errors.New("disk 7") }
			ask("a@example.com")
		}, map[string]int{"CheckConsent Internal": 1}},
		{"panicking", func() {
			answer = func() (check.Result, error) { panic("disk 7") }
			ask("a@example.com")
		}, map[string]int{"CheckConsent Internal": 1}},
		{"of no method", func() { _ = conn.Invoke(t.Context(), "/anna@example.com/Check", nil, nil) }, map[string]int{}},
		{"about health", func() {
			if _, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil {
				t.Error(err)
			}
		}, map[string]int{}},
		{"a stream", func() {
			stream, err := client.StreamCheckConsent(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := stream.CloseSend(); err != nil {
				t.Error(err)
			}
			if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
				t.Error(err)
			}
		}, map[string]int{"StreamCheckConsent OK": 1}},
	} {
		answer = func() (check.Result, error) { return check.Result{}, nil }
		test.call()
		if diff := cmp.Diff(test.want, counts.take()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
