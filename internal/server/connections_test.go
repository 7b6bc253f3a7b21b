package server_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// knock opens connections that send nothing.
func knock(t *testing.T, at string, n int) []net.Conn {
	t.Helper()
	var dialer net.Dialer
	var open []net.Conn
	for range n {
		conn, err := dialer.DialContext(t.Context(), "tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		open = append(open, conn)
	}
	return open
}

func TestConnections_ManyWithoutAKey_TheOldestMakeRoom_AndClientsStay(t *testing.T) {
	r := run(t, settings(t))
	conn := r.connect()
	stream, err := assentv1.NewConsentServiceClient(conn).StreamCheckConsent(r.key())
	if err != nil {
		t.Fatal(err)
	}
	batch := &assentv1.StreamCheckConsentRequest{Check: &assentv1.BatchCheckConsentRequest{
		Addresses: []string{"anna@example.com"}, Channel: "newsletter",
	}}
	ask := func() error {
		if err := stream.Send(batch); err != nil {
			return err
		}
		_, err := stream.Recv()
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{r.at.GRPC, r.at.HTTP} {
		first := knock(t, at, 400)[0]
		if err := first.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		// A gRPC server greets with its settings.
		if _, err := io.Copy(io.Discard, first); isTimeout(err) {
			t.Errorf("the oldest connection is still open: %v", err)
		}
	}
	if got := r.call(http.MethodGet, "/readyz", ""); got.code != http.StatusOK {
		t.Errorf("readiness: %d", got.code)
	}
	if _, err := grpc_health_v1.NewHealthClient(r.connect()).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil {
		t.Errorf("health: %v", err)
	}
	if err := ask(); err != nil {
		t.Errorf("a stream of a client: %v", err)
	}
	if !strings.Contains(r.log.String(), "closed connections without an API key") {
		t.Error("the log says nothing of it")
	}
}

func isTimeout(err error) bool {
	var timed net.Error
	return errors.As(err, &timed) && timed.Timeout()
}

func TestConnections_MoreThanTheLimitWithAKey_AreRefused_AndHealthAnswers(t *testing.T) {
	cfg := settings(t)
	cfg.MaxConnections = 1
	r := run(t, cfg)
	list := func() error {
		_, err := assentv1.NewClientServiceClient(r.connect()).ListClients(r.key(), &assentv1.ListClientsRequest{})
		return err
	}
	if err := list(); err != nil {
		t.Fatal(err)
	}
	if err := list(); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a second connection: %v", err)
	}
	if got := r.as(http.MethodGet, "/v1/clients", ""); got.code != http.StatusTooManyRequests || got.reason() != "TOO_MANY_CALLS" {
		t.Errorf("over HTTP: %d %s", got.code, got.body)
	}
	if got := r.call(http.MethodGet, "/readyz", ""); got.code != http.StatusOK {
		t.Errorf("readiness: %d", got.code)
	}
}
