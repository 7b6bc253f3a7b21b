package telemetry_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/assent-io/assent/internal/telemetry"
)

func page(t *testing.T, m *telemetry.Metrics) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	m.Handler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if recorder.Code != http.StatusOK {
		t.Fatalf("GET /metrics: %d %s", recorder.Code, recorder.Body)
	}
	return recorder.Body.String()
}

func newMetrics(t *testing.T) *telemetry.Metrics {
	t.Helper()
	m, err := telemetry.NewMetrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return m
}

func TestMetrics_Decisions_AreCountedByChannelVerdictAndReason(t *testing.T) {
	m := newMetrics(t)
	m.Decided("newsletter", "DENY", "WITHDRAWN", 1)
	m.Decided("newsletter", "DENY", "WITHDRAWN", 41)
	want := `assent_decisions_total{channel="newsletter",reason="WITHDRAWN",verdict="DENY"} 42`
	if got := page(t, m); !strings.Contains(got, want) {
		t.Errorf("the page lacks %s:\n%s", want, got)
	}
}

func TestMetrics_WhatIsOnlyObserved_IsCountedApart(t *testing.T) {
	m := newMetrics(t)
	m.Decided("newsletter", "ALLOW", "ALLOW_CONSENT", 7)
	m.WouldDefer("newsletter", "QUIET_HOURS", 5)
	got := page(t, m)
	for _, want := range []string{
		`assent_decisions_would_defer_total{channel="newsletter",reason="QUIET_HOURS",verdict="ALLOW"} 5`,
		`assent_decisions_total{channel="newsletter",reason="ALLOW_CONSENT",verdict="ALLOW"} 7`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %s:\n%s", want, got)
		}
	}
}

func TestMetrics_TwoServers_CountApart(t *testing.T) {
	one, other := newMetrics(t), newMetrics(t)
	one.Decided("newsletter", "ALLOW", "ALLOW_CONSENT", 7)
	if got := page(t, other); strings.Contains(got, "newsletter") {
		t.Error("what one server decided is counted by another")
	}
}

func TestMetrics_HeapAfterACollection_IsTold(t *testing.T) {
	if got := page(t, newMetrics(t)); !strings.Contains(got, "\ngo_gc_heap_live_bytes ") {
		t.Errorf("the page does not say what the heap holds:\n%s", got)
	}
}

func TestMetrics_Calls_AreCountedByMethodAndCode_UpToTheBoundOfTheirDuration(t *testing.T) {
	m := newMetrics(t)
	const method = "/assent.v1.ConsentService/CheckConsent"
	for _, took := range []time.Duration{0, time.Millisecond, time.Millisecond + 1, time.Minute} {
		m.Called(method, codes.OK, took)
	}
	m.Called(method, codes.Canceled, time.Second)
	m.Called(method, codes.Code(99), 0)
	got := page(t, m)
	const of = `rpc_method="assent.v1.ConsentService/CheckConsent",rpc_response_status_code=`
	for _, want := range []string{
		`rpc_server_call_duration_seconds_bucket{` + of + `"OK",le="0.00025"} 1`,
		`rpc_server_call_duration_seconds_bucket{` + of + `"OK",le="0.001"} 2`,
		`rpc_server_call_duration_seconds_bucket{` + of + `"OK",le="0.0025"} 3`,
		`rpc_server_call_duration_seconds_bucket{` + of + `"OK",le="10"} 3`,
		`rpc_server_call_duration_seconds_bucket{` + of + `"OK",le="+Inf"} 4`,
		`rpc_server_call_duration_seconds_count{` + of + `"OK"} 4`,
		`rpc_server_call_duration_seconds_sum{` + of + `"OK"} 60.002000001`,
		`rpc_server_call_duration_seconds_count{` + of + `"CANCELLED"} 1`,
		`rpc_server_call_duration_seconds_count{` + of + `"UNKNOWN"} 1`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("the page lacks %s", want)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestMetrics_CallsAtOnce_AreAllCounted(t *testing.T) {
	m := newMetrics(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 1000 {
				m.Called(fmt.Sprint("/test.Service/Method", i%10), codes.Code(i%3), 0)
			}
		})
	}
	group.Wait()
	got := page(t, m)
	counted := 0
	for line := range strings.Lines(got) {
		if name, n, ok := strings.Cut(strings.TrimSpace(line), "} "); ok && strings.HasPrefix(name, "rpc_server_call_duration_seconds_count{") {
			calls, err := strconv.Atoi(n)
			if err != nil {
				t.Fatal(err)
			}
			counted += calls
		}
	}
	if counted != 8000 {
		t.Errorf("%d calls are counted, want 8000", counted)
	}
}

func BenchmarkCalled(b *testing.B) {
	m, err := telemetry.NewMetrics(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			m.Called("/assent.v1.ConsentService/CheckConsent", codes.OK, 70*time.Microsecond)
		}
	})
}

func TestNewLogger_WritesTheFormatFromTheLevelOn(t *testing.T) {
	for _, test := range []struct{ format, want string }{
		{telemetry.FormatText, "msg=shown"},
		{telemetry.FormatJSON, `"msg":"shown"`},
	} {
		t.Run(test.format, func(t *testing.T) {
			var out strings.Builder
			log, err := telemetry.NewLogger(&out, test.format, slog.LevelWarn)
			if err != nil {
				t.Fatal(err)
			}
			log.Info("hidden")
			log.Warn("shown")
			if got := out.String(); !strings.Contains(got, test.want) || strings.Contains(got, "hidden") {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestNewLogger_UnknownFormat_IsRefused(t *testing.T) {
	if _, err := telemetry.NewLogger(&strings.Builder{}, "xml", slog.LevelInfo); err == nil {
		t.Error("got no error")
	}
}
