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
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

func TestStop_WithWatchersAndHangingCalls_TakesLessThanTwoSeconds(t *testing.T) {
	r := run(t, settings(t))
	conn := r.connect()
	watch, err := grpc_health_v1.NewHealthClient(conn).Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if first, err := watch.Recv(); err != nil || first.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Fatalf("got %v, %v", first, err)
	}
	// A stream with a handler that waits for a message that never comes.
	waits, err := reflectionv1.NewServerReflectionClient(conn).ServerReflectionInfo(r.key())
	if err != nil {
		t.Fatal(err)
	}
	// A REST call with a body that never ends.
	half, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", r.at.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	defer half.Close()
	if _, err := io.WriteString(half, "POST /v1/consent:check HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+r.admin+
		"\r\nContent-Length: 100\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := r.stop(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if took := time.Since(began); took > quick {
		t.Errorf("it took %v", took)
	}
	for {
		if _, err = watch.Recv(); err != nil {
			break
		}
	}
	if status.Code(err) != codes.Unavailable {
		t.Errorf("the watcher got %v", err)
	}
	if _, err := waits.Recv(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("the stream that waits got %v", err)
	}
}

func TestStop_Idle_IsQuick_AndEverythingIsClosed(t *testing.T) {
	cfg := settings(t)
	r := run(t, cfg)
	r.as(http.MethodGet, "/v1/catalog", "")
	began := time.Now()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > quick {
		t.Errorf("it took %v", took)
	}
	log := r.log.String()
	if stopping, stopped := strings.Index(log, "msg=stopping\n"), strings.Index(log, "msg=stopped\n"); stopping < 0 || stopped < stopping {
		t.Errorf("the log does not say that it stops and that it has:\n%s", log)
	}
	if conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", r.at.GRPC); err == nil {
		t.Error("somebody still listens")
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	run(t, cfg) // The database and its lock are free.
}

func TestStop_WithWatchersOfTheFeed_EndsThemWithATokenToGoOnWith(t *testing.T) {
	r := run(t, settings(t))
	watch, err := assentv1.NewFeedServiceClient(r.connect()).WatchChanges(r.key(), &assentv1.WatchChangesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	first, err := watch.Recv()
	if err != nil || first.GetHeartbeat().GetToken() == "" {
		t.Fatalf("got %v, %v", first, err)
	}
	r.events("/v1/changes:watch", "").next()
	began := time.Now()
	if err := r.stop(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if took := time.Since(began); took > quick {
		t.Errorf("it took %v", took)
	}
	for err = nil; err == nil; {
		_, err = watch.Recv()
	}
	if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "stopping") {
		t.Errorf("the watcher got %v", err)
	}
}
