package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/presets"
	"github.com/assent-io/assent/internal/service/imports"
	"github.com/assent-io/assent/internal/service/txn"
)

// generated is a file of bounces of SendGrid that is made while it is read.
type generated struct {
	rows, next int
	rest       []byte
}

// Read reads.
func (g *generated) Read(p []byte) (int, error) {
	for len(g.rest) == 0 {
		switch {
		case g.next > g.rows:
			return 0, io.EOF
		case g.next == 0:
			g.rest = []byte("status,reason,email,created\n")
		default:
			g.rest = fmt.Appendf(nil, "5.1.1,\"550 5.1.1, no such user\",person%d@firma%d.example,%d\n", g.next, g.next%5000, 1_700_000_000+g.next)
		}
		g.next++
	}
	n := copy(p, g.rest)
	g.rest = g.rest[n:]
	return n, nil
}

// BenchmarkImport imports suppressions while withdrawals come one at a time, and measures rows a second, the slowest withdrawals and the memory
// in use. The figures of docs/performance.md are of -benchtime 1x with ASSENT_IMPORT_ROWS rows.
func BenchmarkImport(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			w := newWorld(b, kind)
			w.byStore = true
			s, ctx := w.acme()
			for b.Loop() {
				importOnce(ctx, b, s, importRows(b))
			}
		})
	}
}

func importOnce(ctx context.Context, b *testing.B, s *Service, rows int) {
	b.Helper()
	sum := sha256.New()
	size, err := io.Copy(sum, &generated{rows: rows})
	if err != nil {
		b.Fatal(err)
	}
	made, _, err := s.CreateImport(ctx, imports.NewImport{
		Options: imports.Options{Preset: "sendgrid", Status: "bounces"}, SHA256: hex.EncodeToString(sum.Sum(nil)), Size: size,
	})
	if err != nil {
		b.Fatal(err)
	}
	var done atomic.Bool
	waits := make(chan []time.Duration)
	go func() { waits <- withdraw(ctx, b, s, &done) }()
	var highest uint64
	began := time.Now()
	open := func(context.Context) io.Reader { return &generated{rows: rows} }
	err = s.Upload(ctx, imports.Upload{ID: made.ID, Rows: imports.RowsNone}, open, func(p imports.Progress) error {
		if p.Counts.Rows%100_000 == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			highest = max(highest, m.HeapAlloc)
		}
		if p.Import != nil && (p.Counts.Recorded != int64(rows) || p.Counts.Causes[string(presets.SoftBounce)] != 0) {
			b.Errorf("counts %+v", p.Counts)
		}
		return nil
	})
	took := time.Since(began)
	done.Store(true)
	slow := <-waits
	if err != nil {
		b.Fatal(err)
	}
	slices.Sort(slow)
	b.ReportMetric(float64(rows)/took.Seconds(), "rows/s")
	b.ReportMetric(float64(highest)/(1<<20), "MiB-heap")
	if len(slow) > 0 {
		b.ReportMetric(float64(slow[len(slow)*99/100].Microseconds())/1000, "ms-p99-withdrawal")
		b.ReportMetric(float64(slow[len(slow)/2].Microseconds())/1000, "ms-p50-withdrawal")
		b.ReportMetric(float64(len(slow)), "withdrawals")
	}
}

// withdraw records withdrawals, one at a time, and returns how long each took.
func withdraw(ctx context.Context, b *testing.B, s *Service, done *atomic.Bool) []time.Duration {
	b.Helper()
	var waits []time.Duration
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := 0; !done.Load(); i++ {
		<-tick.C
		began := time.Now()
		st := statement.Statement{Kind: consent.KindWithdraw, Address: fmt.Sprintf("leaver%d@firma.example", i), Channels: []string{"newsletter"}}
		if _, err := s.Record(ctx, st, txn.Idempotency{}); err != nil {
			b.Errorf("withdraw: %v", err)
			return waits
		}
		waits = append(waits, time.Since(began))
	}
	return waits
}

// importRows is how many rows a benchmark imports.
func importRows(b *testing.B) int {
	b.Helper()
	n := 20_000
	if text, ok := os.LookupEnv("ASSENT_IMPORT_ROWS"); ok {
		if _, err := fmt.Sscan(text, &n); err != nil {
			b.Fatal(err)
		}
	}
	return n
}
