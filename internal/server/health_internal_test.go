package server

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

func page(r *readiness) int {
	recorder := httptest.NewRecorder()
	r.serve(recorder, nil)
	return recorder.Code
}

func TestReadiness_GoesBothWays_AndLogsOnlyChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var away atomic.Bool
		var log bytes.Buffer
		r := &readiness{
			check: func(context.Context) error {
				if away.Load() {
					return errors.New("the database is away")
				}
				return nil
			},
			health: health.NewServer(), services: []string{"a"},
			log: slog.New(slog.NewTextHandler(&log, nil)),
		}
		served := func() grpc_health_v1.HealthCheckResponse_ServingStatus {
			answer, err := r.health.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: "a"})
			if err != nil {
				t.Fatal(err)
			}
			return answer.GetStatus()
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			watch := worker{every: time.Second, run: r.update, tells: true}
			watch.work(ctx, r.log, func(string, bool) {})
			close(done)
		}()
		wait := func() {
			timer := time.NewTimer(5 * time.Second)
			<-timer.C
			synctest.Wait()
		}
		for _, step := range []struct {
			away bool
			page int
			want grpc_health_v1.HealthCheckResponse_ServingStatus
		}{
			{false, http.StatusOK, grpc_health_v1.HealthCheckResponse_SERVING},
			{true, http.StatusServiceUnavailable, grpc_health_v1.HealthCheckResponse_NOT_SERVING},
			{false, http.StatusOK, grpc_health_v1.HealthCheckResponse_SERVING},
		} {
			away.Store(step.away)
			wait()
			if got := page(r); got != step.page || served() != step.want {
				t.Errorf("away is %v: page %d, health %s", step.away, got, served())
			}
		}
		r.stop()
		wait()
		if page(r) != http.StatusServiceUnavailable || served() != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
			t.Error("it is ready again after the stop")
		}
		cancel()
		<-done
		if got := strings.Count(log.String(), "msg="); got != 3 || !strings.Contains(log.String(), "the database is away") {
			t.Errorf("%d lines, want one for each of 3 changes:\n%s", got, &log)
		}
	})
}
