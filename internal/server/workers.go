package server

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/server/writing"
)

// How often the workers of a server run.
const (
	readyEvery  = time.Second
	keysEvery   = time.Second
	forgetEvery = time.Hour

	webhooksEvery = time.Second
	countEvery    = time.Minute
	silenceEvery  = time.Minute

	// casesEvery is how late a desk is told at most of what is due.
	casesEvery = time.Minute

	measureEvery = 5 * time.Minute

	retainEvery = 24 * time.Hour
	retainSoon  = 5 * time.Minute
	// retainJitter is why several servers that start together do not remove together.
	retainJitter = time.Hour
)

// workers returns all that a server does again and again while it serves.
func (s *server) workers() []worker {
	keep := s.keeper.interval()
	return []worker{
		{name: "readiness", first: readyEvery, every: readyEvery, run: s.ready.update, tells: true},
		{name: writing.Worker, every: writing.Every, run: s.writing.Update, tells: true},
		{name: "keys", every: keysEvery, run: s.keys.Update, tells: true},
		{name: "checkpoints", first: keep, every: keep, run: s.keepCheckpoint, tells: true},
		{name: "size", every: measureEvery, run: s.measure},
		s.runs.share(worker{name: "requests", every: forgetEvery, run: s.forget}),
		s.runs.share(worker{name: "removals", every: forgetEvery, run: s.forgetRemovals}),
		{name: "webhooks", every: webhooksEvery, run: func(ctx context.Context) error { return s.local.RunWebhooks(ctx) }},
		s.runs.share(worker{name: "deliveries", every: forgetEvery, run: func(ctx context.Context) error { return s.local.ForgetDeliveries(ctx) }}),
		s.runs.share(worker{name: "uploads", every: forgetEvery, run: func(ctx context.Context) error { return s.local.ForgetUploads(ctx) }}),
		s.runs.share(worker{name: "reports", every: forgetEvery, run: func(ctx context.Context) error { return s.local.ForgetReports(ctx) }}),
		s.runs.share(worker{name: "contacts", every: forgetEvery, run: func(ctx context.Context) error { return unlessNoCatalog(s.local.ForgetContacts(ctx)) }}),
		s.runs.share(worker{name: "cases", every: casesEvery, run: func(ctx context.Context) error { return s.local.RunCases(ctx) }}),
		{name: "notice_mails", every: mailsEvery, run: func(ctx context.Context) error { return s.local.RunNoticeMails(ctx) }},
		s.runs.share(worker{name: "old_cases", every: forgetEvery, run: s.forgetCases}),
		s.runs.share(worker{name: "mailboxes", every: forgetEvery, run: s.fillMailboxes}),
		{name: "allowed", every: countEvery, run: func(ctx context.Context) error { return s.local.Allowed.FlushAllowed(ctx) }},
		s.runs.share(worker{name: "sources", every: forgetEvery, run: func(ctx context.Context) error { return s.local.ForgetSources(ctx) }}),
		s.runs.share(worker{name: "silence", every: silenceEvery, run: func(ctx context.Context) error { return s.local.ClearSilent(ctx) }}),
		s.runs.share(worker{name: "retention", first: retainSoon, jitter: retainJitter, every: retainEvery, run: s.retain}),
	}
}

// forgetCases takes what is personal from old cases, and deletes old absences and notices, and mails with these.
func (s *server) forgetCases(ctx context.Context) error {
	return errors.Join(unlessNoCatalog(s.local.ForgetCases(ctx)), unlessNoCatalog(s.local.ForgetAbsences(ctx)), s.local.ForgetNotices(ctx), s.local.ForgetNoticeMails(ctx))
}

// worker is something that a server does again and again.
type worker struct {
	name   string        // in the log and in metrics
	first  time.Duration // from the start of the server to the first run
	jitter time.Duration // up to so much longer, at random, is waited for the first run
	every  time.Duration // from one run to the next; 0: there is none
	run    func(context.Context) error
	tells  bool // it logs by itself why a run failed

	untilDue func(context.Context) time.Duration // how long a run is not needed yet; nil: it is needed whenever it is its time
}

// ran is told of every run of a worker that came to its end.
type ran func(worker string, failed bool)

// work runs the worker until the context ends. A run that lasts longer than it should is followed by the next one at once. What a run
// fails with when the context has ended counts for nothing.
func (w *worker) work(ctx context.Context, log *slog.Logger, ran ran) {
	if w.every <= 0 || !w.waitForFirst(ctx) {
		return
	}
	ticker := time.NewTicker(w.every)
	defer ticker.Stop()
	for {
		waited, alive := w.waitUntilNeeded(ctx)
		if !alive {
			return
		}
		if waited {
			ticker.Reset(w.every)
		}
		err := w.run(ctx)
		if ctx.Err() != nil {
			return
		}
		ran(w.name, err != nil)
		if err != nil && !w.tells {
			log.LogAttrs(ctx, slog.LevelError, "a worker failed", slog.String("worker", w.name), slog.String("error", rpc.CauseText(err)))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// waitForFirst waits until the first run is due, and reports whether the context has not ended before.
func (w *worker) waitForFirst(ctx context.Context) bool { return sleep(ctx, w.first+w.anyJitter()) }

// waitUntilNeeded waits while no run is needed, and reports whether it waited at all, and whether the context has not ended before.
func (w *worker) waitUntilNeeded(ctx context.Context) (waited, alive bool) {
	for w.untilDue != nil {
		wait := w.untilDue(ctx)
		if wait <= 0 {
			break
		}
		waited = true
		if !sleep(ctx, wait+w.anyJitter()) {
			return waited, false
		}
	}
	return waited, ctx.Err() == nil
}

func (w *worker) anyJitter() time.Duration {
	if w.jitter <= 0 {
		return 0
	}
	return rand.N(w.jitter) //nolint:gosec // Nothing secret hangs on it.
}

// sleep waits, and reports whether the context has not ended before.
func sleep(ctx context.Context, wait time.Duration) bool {
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
