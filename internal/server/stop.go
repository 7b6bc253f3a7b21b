package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// How long what is under way may take when the server stops. Together, and with the last traces, less than two seconds.
const (
	httpGrace = 900 * time.Millisecond
	grpcGrace = 600 * time.Millisecond
	// lastCheckpoint is how long the database may take for the checkpoint after that.
	lastCheckpoint = 150 * time.Millisecond
)

// logStop says that the server stops: because it was told to, or because a part of it failed.
func (s *server) logStop(told, running context.Context) {
	if told.Err() != nil {
		s.log.LogAttrs(context.WithoutCancel(told), slog.LevelInfo, "stopping")
		return
	}
	s.log.LogAttrs(context.WithoutCancel(told), slog.LevelError, "stopping",
		slog.String("error", context.Cause(running).Error()))
}

// stop ends serving: what is under way gets a moment, nothing new is taken. REST goes first, for it needs gRPC.
func (s *server) stop(ctx context.Context) error {
	s.ready.stop()
	s.endLife()
	timed, cancel := context.WithTimeout(ctx, httpGrace)
	defer cancel()
	var errs []error
	if err := s.http.Shutdown(timed); err != nil {
		errs = append(errs, s.http.Close())
	}
	if s.pprof != nil {
		errs = append(errs, s.pprof.Close()) // A profile that is under way may last as long as was asked for.
	}
	s.stopGRPC()
	s.local.Allowed.FlushLast(ctx)
	errs = append(errs, s.inside.close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}

// stopGRPC lets calls end by themselves for a moment, then cuts them off. Either way it returns when the last handler has.
func (s *server) stopGRPC() {
	cut := time.AfterFunc(grpcGrace, s.grpc.Stop)
	s.grpc.GracefulStop()
	cut.Stop()
}
