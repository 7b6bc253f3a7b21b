package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/bench/persons"
	"github.com/assent-io/assent/internal/config"
)

func (e *env) indexCases() []benchCase {
	return []benchCase{{"index", e.index}, {"check-sql", e.checksBySQL}}
}

// index measures how long a server that starts takes to load its index, beside one statement that reads the same rows, and how large
// the index is.
func (e *env) index(ctx context.Context) ([]Figure, error) {
	if err := e.restart(func(*config.Server) {}); err != nil {
		return nil, err
	}
	if err := e.awaitReady(ctx); err != nil {
		return nil, err
	}
	began := time.Now()
	read, err := e.db.ReadStates(ctx)
	if err != nil {
		return nil, fmt.Errorf("read all states: %w", err)
	}
	plain := time.Since(began)
	m, err := e.metrics(ctx)
	if err != nil {
		return nil, err
	}
	recipients, bytes := m["assent_index_recipients"], m["assent_index_size_bytes"]
	if recipients == 0 || read == 0 {
		return nil, errors.New("the index is empty: record more people")
	}
	return []Figure{
		figure("index: load", m["assent_index_load_seconds"], seconds).against("one statement", plain.Seconds()).ratioAtMost(2),
		figure("index: subjects", recipients, "").against("rows read", float64(read)),
		figure("index: bytes of a subject", bytes/recipients, "B").atMost(48),
	}, nil
}

// checksBySQL measures single checks of a server without an index.
func (e *env) checksBySQL(ctx context.Context) ([]Figure, error) {
	if err := e.restart(func(cfg *config.Server) { cfg.NoIndex = true }); err != nil {
		return nil, err
	}
	figures, err := e.checks(ctx, "check-sql", persons.Subscribed)
	if err != nil {
		return nil, err
	}
	for i := range figures {
		if figures[i].Holds = nil; figures[i].Baseline == "bare echo" && figures[i].Unit == perSecond && !strings.Contains(figures[i].Name, "alone") {
			figures[i] = figures[i].ratioAtLeast(0.35)
		} else {
			figures[i].Goal = ""
		}
	}
	return figures, e.restart(func(cfg *config.Server) { cfg.NoIndex = false })
}

// awaitReady waits until the server has loaded its index.
func (e *env) awaitReady(ctx context.Context) error {
	for {
		answer, err := e.page(ctx, "/readyz")
		if err != nil {
			return err
		}
		_ = answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// metrics returns the metrics without labels that the server tells of itself.
func (e *env) metrics(ctx context.Context) (map[string]float64, error) {
	answer, err := e.page(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server does not tell its metrics: %s", answer.Status)
	}
	found := map[string]float64{}
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		name, text, _ := strings.Cut(lines.Text(), " ")
		if value, err := strconv.ParseFloat(text, 64); err == nil {
			found[name] = value
		}
	}
	return found, lines.Err()
}

func (e *env) page(ctx context.Context, path string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+e.pages+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+e.key)
	return (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
}
