package server

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// worked returns at which minutes a worker ran within the time, whether each run failed by the metrics, and the log.
func worked(t *testing.T, w worker, within time.Duration) (at []int, failed []bool, log string) {
	t.Helper()
	var text bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		run := w.run
		w.run = func(ctx context.Context) error {
			at = append(at, int(time.Since(began).Minutes()))
			return run(ctx)
		}
		w.work(ctx, slog.New(slog.NewTextHandler(&text, nil)), func(_ string, wrong bool) { failed = append(failed, wrong) })
		if took := time.Since(began); w.every > 0 && took != within {
			t.Errorf("it ended after %v, want %v", took, within)
		}
	})
	return at, failed, text.String()
}

func TestWorker_RunsFirstAndThenEvery_AndItsFailureIsCountedAndLogged(t *testing.T) {
	n := 0
	second := func(context.Context) error {
		if n++; n == 2 {
			return errors.New("the database is away")
		}
		return nil
	}
	w := worker{name: "w", first: 5 * time.Minute, every: 10 * time.Minute, run: second}
	at, failed, log := worked(t, w, 30*time.Minute)
	if !cmp.Equal(at, []int{5, 15, 25}) || !cmp.Equal(failed, []bool{false, true, false}) {
		t.Errorf("ran at %v, failed %v", at, failed)
	}
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, "worker=w") || !strings.Contains(log, "the database is away") {
		t.Error(log)
	}
	n, w.tells = 0, true
	if _, _, log = worked(t, w, 30*time.Minute); log != "" {
		t.Errorf("it is told twice: %s", log)
	}
}

func TestWorker_WithoutFirst_RunsAtOnce_AndWithoutEvery_Never(t *testing.T) {
	none := func(context.Context) error { return nil }
	if at, _, _ := worked(t, worker{every: time.Hour, run: none}, 90*time.Minute); !cmp.Equal(at, []int{0, 60}) {
		t.Errorf("ran at %v", at)
	}
	if at, _, _ := worked(t, worker{first: time.Minute, run: none}, 90*time.Minute); len(at) != 0 {
		t.Errorf("ran at %v", at)
	}
}

func TestWorker_Jitter_DelaysTheFirstRunOnly(t *testing.T) {
	w := worker{first: 5 * time.Minute, jitter: time.Hour, every: 24 * time.Hour, run: func(context.Context) error { return nil }}
	at, _, _ := worked(t, w, 30*time.Hour)
	if len(at) != 2 || at[0] < 5 || at[0] >= 65 || at[1]-at[0] != 24*60 {
		t.Errorf("ran at %v", at)
	}
}

func TestWorker_EndOfTheContext_IsNoFailure(t *testing.T) {
	waits := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	if _, failed, log := worked(t, worker{every: time.Minute, run: waits}, time.Hour); len(failed) != 0 || log != "" {
		t.Errorf("failed %v: %s", failed, log)
	}
}

func TestWorkers_HaveNamesOfTheirOwn_WhichTheDocumentationLists(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, w := range (&server{}).workers() {
		if slices.Contains(names, w.name) || !strings.Contains(string(text), "`"+w.name+"`") {
			t.Errorf("the worker %s comes twice, or docs/operations.md lacks it", w.name)
		}
		names = append(names, w.name)
	}
}
