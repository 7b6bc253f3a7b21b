package rpc

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/assent-io/assent/internal/fault"
)

// causesEvery is how often the cause of one reason is logged at most.
const causesEvery = time.Second

// causes logs what led to errors of which the caller is told only a reason. An outage fails every call, so of each reason one is
// logged now and then, with how many were left out since the one before.
type causes struct {
	log     *slog.Logger
	mu      sync.Mutex
	reasons map[string]*recent
}

type recent struct {
	logged  time.Time
	leftOut int
}

func newCauses(log *slog.Logger) *causes { return &causes{log: log, reasons: map[string]*recent{}} }

// report logs the cause of an error of the call; nothing if none was noted.
func (s *causes) report(ctx context.Context, c *call, reason string, err error) {
	var refused *fault.Error
	if !errors.As(err, &refused) || refused.Unwrap() == nil {
		return
	}
	leftOut, due := s.due(reason, time.Now())
	if !due {
		return
	}
	s.log.LogAttrs(ctx, slog.LevelError, "calls fail", slog.String("reason", reason), slog.String("error", CauseText(err)),
		slog.String("method", c.method), slog.String("request_id", c.id), slog.Int("left_out", leftOut))
}

func (s *causes) due(reason string, now time.Time) (leftOut int, due bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.reasons[reason]
	if r != nil && now.Sub(r.logged) < causesEvery {
		r.leftOut++
		return 0, false
	}
	if r != nil {
		leftOut = r.leftOut
	}
	s.reasons[reason] = &recent{logged: now}
	return leftOut, true
}

// CauseText says for the log what led to an error: of one of the domain the cause that was noted, else the error itself. It is
// one line, as of [OneLine].
func CauseText(err error) string {
	var refused *fault.Error
	if errors.As(err, &refused) && refused.Unwrap() != nil {
		err = refused.Unwrap()
	}
	return OneLine(err.Error())
}

// OneLine puts a text of several lines into one that says everything once: a driver that tries several ways to a database names
// each on a line of its own, often in the same words.
func OneLine(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.ReplaceAll(strings.Join(lines, "; "), ":; ", ": ")
}
