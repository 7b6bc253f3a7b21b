package telemetry_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc/stats"

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

func call(h stats.Handler, method string) {
	ctx := h.TagRPC(context.Background(), &stats.RPCTagInfo{FullMethodName: method})
	h.HandleRPC(ctx, &stats.Begin{})
	h.HandleRPC(ctx, &stats.End{})
}

func TestMetrics_Calls_AreMeasuredOnlyForMethodsThatExist(t *testing.T) {
	m := newMetrics(t)
	h := m.CallHandler(newTraces(t, nil), func(method string) bool { return method == "/assent.v1.ConsentService/CheckConsent" })
	call(h, "/assent.v1.ConsentService/CheckConsent")
	call(h, "/anna@example.com/Check")
	got := page(t, m)
	if !strings.Contains(got, `rpc_method="assent.v1.ConsentService/CheckConsent"`) {
		t.Errorf("a known method is not measured:\n%s", got)
	}
	if strings.Contains(got, "anna") {
		t.Error("a name that a caller made up became a label")
	}
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
