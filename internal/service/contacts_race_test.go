package service

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/contacts"
)

// TestCheck_TwoServers_NobodyGetsMoreThanTheCap has two servers over one database asked at the same time about the same persons for many sends, alone
// and in batches, while reports come in.
func TestCheck_TwoServers_NobodyGetsMoreThanTheCap(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		if over := racing(t, w); over > 0 {
			t.Errorf("%d persons have more than the cap", over)
		}
	})
}

// TestCheck_TwoServersWithoutTheLock_GoOverTheCap shows that the test above would see it.
func TestCheck_TwoServersWithoutTheLock_GoOverTheCap(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.unsafe.ReserveUnlocked = true
		for range 20 {
			if racing(t, newWorldLike(t, w)) > 0 {
				return
			}
		}
		t.Error("no person was over the cap in twenty races without the lock")
	})
}

// newWorldLike returns another world on the same kind of database, as unsafe as it.
func newWorldLike(t *testing.T, w *world) *world {
	t.Helper()
	kind := "sqlite"
	if w.url != "" {
		kind = "postgres"
	}
	next := newWorld(t, kind)
	next.unsafe = w.unsafe
	return next
}

// racing returns how many persons have more places than the cap after two servers were asked at the same time.
func racing(t *testing.T, w *world) (over int) {
	t.Helper()
	const most, sends, persons = 2, 6, 5
	p := w.pressed(fmt.Sprintf("pressure: {id: weekly, max: %d, per: P7D}\n", most))
	var all []string
	for i := range persons {
		all = append(all, fmt.Sprintf("person%d@example.at", i))
	}
	p.wants(all...)
	store := p.s.Store // A SQLite file has one program.
	if w.url != "" {
		store = w.store()
	}
	servers := []*Service{p.s, w.service(store, 0)}
	for i := range sends {
		p.plan(fmt.Sprint("letter", i), "newsletter", 50, time.Hour)
	}
	allowed, deferred := 0, 0
	var mu sync.Mutex
	count := func(d *consent.Decision) {
		mu.Lock()
		defer mu.Unlock()
		if d.Verdict == consent.Allow {
			allowed++
		} else {
			deferred++
		}
	}
	var g errgroup.Group
	for i := range sends {
		send, server := fmt.Sprint("letter", i), servers[i%2]
		g.Go(func() error {
			got, err := server.BatchCheck(p.ctx, check.BatchInput{Addresses: all, Request: consent.Request{Channel: "newsletter"}, Send: send})
			for j := range all {
				if d, _ := got.Item(j); err == nil {
					count(&d)
				}
			}
			return err
		})
		for _, one := range all {
			g.Go(func() error {
				d, err := servers[(i+1)%2].Check(p.ctx, check.Input{Address: one, Request: consent.Request{Channel: "newsletter"}, Send: send})
				if err != nil || d.Verdict != consent.Allow {
					return err
				}
				count(&d.Decision)
				_, err = server.ReportSent(p.ctx, send, []contacts.Report{{Address: one}})
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	places := map[[32]byte]int{}
	for _, row := range p.rows() {
		places[row.Folded]++
	}
	for _, n := range places {
		if n > most {
			over++
		}
	}
	if over == 0 && (allowed == 0 || deferred == 0) {
		t.Fatalf("%d allowed, %d deferred: the race was none", allowed, deferred)
	}
	return over
}
