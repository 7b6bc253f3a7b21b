package server_test

import (
	"context"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/testkit"
)

const (
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanID  = "00f067aa0ba902b7"
	parent  = "00-" + traceID + "-" + spanID + "-01"
)

// collector takes traces by OTLP, as it is sent to.
type collector struct {
	coltracepb.UnimplementedTraceServiceServer
	net.Listener

	url     string
	dialled atomic.Int64
	hang    chan struct{} // if not nil, exports wait until it is closed

	mu   sync.Mutex
	sent []*coltracepb.ExportTraceServiceRequest
}

// Accept counts connections.
func (c *collector) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.dialled.Add(1)
	}
	return conn, err
}

// Export takes spans.
func (c *collector) Export(
	ctx context.Context, request *coltracepb.ExportTraceServiceRequest,
) (*coltracepb.ExportTraceServiceResponse, error) {
	if c.hang != nil {
		select {
		case <-c.hang:
		case <-ctx.Done():
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = append(c.sent, request)
	return &coltracepb.ExportTraceServiceResponse{}, nil
}

// spans returns what was sent, by name.
func (c *collector) spans() map[string][]*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	spans := map[string][]*tracepb.Span{}
	for _, request := range c.sent {
		for _, resource := range request.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				for _, span := range scope.GetSpans() {
					spans[span.GetName()] = append(spans[span.GetName()], span)
				}
			}
		}
	}
	return spans
}

// text is all that was sent, as JSON without spaces. Ids, which are random, stand in it as base64.
func (c *collector) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all strings.Builder
	for _, request := range c.sent {
		all.WriteString(strings.ReplaceAll(protojson.Format(request), " ", ""))
	}
	return all.String()
}

// collect serves a collector until the test ends. No variable says yet where it is.
func collect(t *testing.T) *collector {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OTEL_") {
			t.Setenv(name, "")
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &collector{Listener: listener, url: "http://" + listener.Addr().String()}
	server := grpc.NewServer()
	coltracepb.RegisterTraceServiceServer(server, c)
	served := make(chan error, 1)
	go func() { served <- server.Serve(c) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil && !errors.Is(err, grpc.ErrServerStopped) { // It may have ended before it began.
			t.Error(err)
		}
	})
	return c
}

func TestTraces_Calls_AreExportedUnderTheirParents(t *testing.T) {
	c := collect(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.url)
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
	r := run(t, settings(t))
	if got := r.as(http.MethodPost, "/v1/consent:check", `{"address": "anna@example.com", "channel": "order-updates",
		"reference": "order-1"}`, "Traceparent", parent); got.code != http.StatusOK {
		t.Fatalf("check: %d %s", got.code, got.body)
	}
	_, err := assentv1.NewConsentServiceClient(r.connect()).GrantConsent(
		metadata.AppendToOutgoingContext(r.key(), "traceparent", parent), grantOf("anna@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	spans := c.spans()
	for call, inner := range map[string]string{
		"assent.v1.ConsentService/CheckConsent": "index.fence", "assent.v1.ConsentService/GrantConsent": "store.write",
	} {
		if len(spans[call]) != 1 {
			t.Fatalf("%d spans of %s in:\n%s", len(spans[call]), call, c.text())
		}
		outer := spans[call][0]
		if hex.EncodeToString(outer.GetTraceId()) != traceID || hex.EncodeToString(outer.GetParentSpanId()) != spanID {
			t.Errorf("the call is not part of the caller's trace: %v", outer)
		}
		if !slices.ContainsFunc(spans[inner], func(s *tracepb.Span) bool {
			return slices.Equal(s.GetParentSpanId(), outer.GetSpanId()) && attributeOf(s, "assent.outcome") == "ok"
		}) {
			t.Errorf("no %s under %s in:\n%s", inner, call, c.text())
		}
	}
	for _, want := range []string{"deployment.environment.name", `"stringValue":"assent"`} {
		if !strings.Contains(c.text(), want) {
			t.Errorf("the resource lacks %s:\n%s", want, c.text())
		}
	}
}

func grantOf(address string) *assentv1.GrantConsentRequest {
	return &assentv1.GrantConsentRequest{
		Address: address, Channels: []string{"newsletter"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
		Declaration: &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"},
		Evidence:    &assentv1.Evidence{Source: "web_form", Url: "https://example.com/carla"},
	}
}

// attributeOf returns the text of an attribute.
func attributeOf(span *tracepb.Span, key string) string {
	for _, a := range span.GetAttributes() {
		if a.GetKey() == key {
			return a.GetValue().GetStringValue()
		}
	}
	return ""
}

func TestTraces_HoldNothingThatACallerChose(t *testing.T) {
	c := collect(t)
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", c.url)
	r := run(t, settings(t))
	headers := []string{
		"Traceparent", parent, "Tracestate", "crm=carla@example.com", "Baggage", "who=carla@example.com",
		"User-Agent", "carla@example.com", "X-Request-Id", "carla",
	}
	for _, call := range [][3]string{
		{http.MethodPost, "/v1/consent:check", `{"address": "carla@example.com", "channel": "newsletter"}`},
		{http.MethodPost, "/v1/consent:check", `{"address": "carla", "channel": "carla"}`},
		{http.MethodPost, "/v1/consent:batchCheck", `{"addresses": ["carla@example.com", "carla"], "channel": "newsletter"}`},
		{http.MethodPost, "/v1/recipients:lookup", `{"address": "carla@example.com"}`},
		{http.MethodPost, "/v1/history:search", `{"address": "carla@example.com"}`},
		{http.MethodPost, "/v1/consent:withdraw", `{"address": "carla@example.com", "channels": ["carla@example.com"]}`},
		{http.MethodPost, "/v1/suppressions", `{"address": "carla@example.com", "reason": "MANUAL", "justification": "carla"}`},
		{http.MethodGet, "/v1/recipients/carla@example.com", ``},
	} {
		r.as(call[0], call[1], call[2], headers...)
	}
	ctx := metadata.AppendToOutgoingContext(r.key(), "traceparent", parent, "tracestate", "crm=carla@example.com")
	conn := r.connect()
	if _, err := assentv1.NewConsentServiceClient(conn).GrantConsent(ctx, grantOf("carla@example.com")); err != nil {
		t.Fatal(err)
	}
	if err := conn.Invoke(ctx, "/carla@example.com/Check", &assentv1.CheckConsentRequest{}, &assentv1.CheckConsentResponse{}); err == nil {
		t.Error("a method that there is not was answered")
	}
	if _, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	spans, text := c.spans(), c.text()
	for _, name := range []string{"CheckConsent", "BatchCheckConsent", "LookupRecipient", "WithdrawConsent", "GrantConsent"} {
		if len(spans["assent.v1.ConsentService/"+name]) == 0 {
			t.Errorf("no span of %s", name)
		}
	}
	for _, never := range []string{"carla", "@", "127.0.0.1", r.admin} {
		if strings.Contains(text, never) {
			t.Errorf("%q was exported:\n%s", never, text)
		}
	}
	if len(spans["grpc.health.v1.Health/Check"]) > 0 {
		t.Error("health is traced")
	}
	wantClosedKeys(t, spans)
}

func wantClosedKeys(t *testing.T, spans map[string][]*tracepb.Span) {
	t.Helper()
	keys := []string{"rpc.system.name", "rpc.method", "rpc.response.status_code", "assent.size", "assent.outcome"}
	for name, list := range spans {
		for _, span := range list {
			for _, a := range span.GetAttributes() {
				if !slices.Contains(keys, a.GetKey()) {
					t.Errorf("%s has the attribute %s", name, a.GetKey())
				}
			}
			if span.GetStatus().GetMessage() != "" || len(span.GetEvents()) > 0 || span.GetTraceState() != "" {
				t.Errorf("%s has more than attributes: %v", name, span)
			}
		}
	}
}

func TestTraces_NotAskedFor_NothingIsDialled(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"no endpoint": {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SERVICE_NAME": "assent"},
		"disabled":    {"OTEL_SDK_DISABLED": "TRUE", "OTEL_EXPORTER_OTLP_ENDPOINT": "URL"},
		"no exporter": {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "URL"},
	} {
		t.Run(name, func(t *testing.T) {
			c := collect(t)
			for key, value := range env {
				t.Setenv(key, strings.ReplaceAll(value, "URL", c.url))
			}
			r := run(t, settings(t))
			if got := r.as(http.MethodGet, "/v1/catalog", "", "Traceparent", parent); got.code != http.StatusOK {
				t.Fatalf("%d %s", got.code, got.body)
			}
			if err := r.stop(); err != nil {
				t.Fatal(err)
			}
			if n := c.dialled.Load(); n != 0 || len(c.spans()) != 0 {
				t.Errorf("%d connections and %v", n, c.spans())
			}
		})
	}
}

func TestTraces_SettingsThatCannotBeMet_RefuseToStart(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT":        {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"},
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://"},
		"OTEL_EXPORTER_OTLP_PROTOCOL": {
			"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
		},
		"OTEL_TRACES_EXPORTER": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "zipkin"},
	} {
		t.Run(name, func(t *testing.T) {
			collect(t)
			for key, value := range env {
				t.Setenv(key, value)
			}
			if got := refuses(t, settings(t)); !strings.HasPrefix(got, name+":") {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestTraces_CollectorThatHangs_DoesNotHoldUpTheEnd(t *testing.T) {
	c := collect(t)
	c.hang = make(chan struct{})
	t.Cleanup(func() { close(c.hang) })
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.url)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
	r := run(t, settings(t))
	if got := r.as(http.MethodGet, "/v1/catalog", ""); got.code != http.StatusOK {
		t.Fatalf("%d %s", got.code, got.body)
	}
	testkit.Eventually(t, patience, "an export", func() bool { return c.dialled.Load() > 0 })
	began := time.Now()
	if err := r.stop(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if took := time.Since(began); took > quick {
		t.Errorf("it took %v", took)
	}
	if !strings.Contains(r.log.String(), "traces are not exported") {
		t.Error("the log does not say that the last spans are lost")
	}
}
