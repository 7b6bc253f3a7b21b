package bench

import (
	"context"
	"fmt"
	"math"
	"time"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/bench/persons"
)

// openWorkers is how many wait for their time in an open loop: more than are ever late at once.
const openWorkers = 256

// crowd is how many different people a case asks about.
const crowd = 1000

func (e *env) readingCases() []benchCase {
	return []benchCase{
		{"check-allow", func(ctx context.Context) ([]Figure, error) { return e.checks(ctx, "check-allow", persons.Subscribed) }},
		{"check-deny", func(ctx context.Context) ([]Figure, error) { return e.checks(ctx, "check-deny", persons.Withdrawn) }},
		{"check-open", e.openChecks},
		{"batch", e.batches},
		{"stream", e.streams},
		{"audience", e.audience},
	}
}

// people returns addresses of the population with a standing; the same again where there are few.
func (e *env) people(standing persons.Standing, n int) ([]string, error) {
	var found []string
	population := e.opts.population()
	for i := 0; i < e.opts.Recipients && len(found) < n; i++ {
		if population.Standing(i) == standing {
			found = append(found, population.Address(i))
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("nobody among %d people has the standing that this needs: record more", e.opts.Recipients)
	}
	for i := 0; len(found) < n; i++ {
		found = append(found, found[i])
	}
	return found, nil
}

// asking returns a side that checks one person after the other.
func asking(name string, t *target, workers int, about []string) side {
	return side{name: name, workers: workers, do: checkingWith(t, about)}
}

func checkingWith(t *target, about []string) work {
	next := make([]int, openWorkers) // Of each worker its own.
	return func(ctx context.Context, worker int) (int, error) {
		n := next[worker]
		next[worker]++
		_, err := t.check(ctx, worker, &assentv1.CheckConsentRequest{
			Address: about[(worker*31+n)%len(about)], Channel: persons.Newsletter,
		})
		return 1, err
	}
}

// prime asks once what is to be measured, holds the answer against what it must be, and has the echoes give it.
func (e *env) prime(ctx context.Context, about []string, want assentv1.Verdict) error {
	for _, address := range about[:min(len(about), 20)] {
		answer, err := e.api.check(ctx, 0, &assentv1.CheckConsentRequest{Address: address, Channel: persons.Newsletter})
		if err != nil {
			return err
		}
		if got := answer.GetDecision().GetVerdict(); got != want {
			return fmt.Errorf("somebody of the population got %s for %s, not %s", got, answer.GetDecision().GetReason(), want)
		}
		e.echo.single.Store(answer)
	}
	return nil
}

// checks measures single checks in a closed loop, as many at once as usual clients, as a busy sender and as many of them have.
func (e *env) checks(ctx context.Context, name string, standing persons.Standing) ([]Figure, error) {
	about, err := e.people(standing, crowd)
	if err != nil {
		return nil, err
	}
	want := assentv1.Verdict_VERDICT_ALLOW
	if standing != persons.Subscribed {
		want = assentv1.Verdict_VERDICT_DENY
	}
	if err := e.prime(ctx, about, want); err != nil {
		return nil, err
	}
	var figures []Figure
	for _, workers := range []int{1, 16, mostWorkers} {
		t, err := alternate(ctx, e.opts.Duration, asking("assent", e.api, workers, about),
			asking("echo behind the chain", e.chained, workers, about), asking("bare echo", e.bare, workers, about))
		if err != nil {
			return nil, err
		}
		label := fmt.Sprintf("%s, %d at once", name, workers)
		figures = append(figures,
			figure(label, t[0].rate(), perSecond).against("bare echo", t[2].rate()).ratioAtLeast(0.6),
			figure(label, t[0].rate(), perSecond).against("echo behind the chain", t[1].rate()).ratioAtLeast(0.85),
			figure(label+", chain alone", t[1].rate(), perSecond).against("bare echo", t[2].rate()).ratioAtLeast(0.75),
			latency(label+", p50", &t[0], 50).against("bare echo", inMillis(t[2].at(50))),
			latency(label+", p99", &t[0], 99).against("bare echo", inMillis(t[2].at(99))),
		)
	}
	return figures, nil
}

func inMillis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func latency(name string, t *tally, percentile float64) Figure {
	return figure(name, inMillis(t.at(percentile)), milliseconds)
}

// openChecks measures what a check takes when they come by themselves, at 70 % of what a closed loop reached.
func (e *env) openChecks(ctx context.Context) ([]Figure, error) {
	about, err := e.people(persons.Subscribed, crowd)
	if err != nil {
		return nil, err
	}
	if err := e.prime(ctx, about, assentv1.Verdict_VERDICT_ALLOW); err != nil {
		return nil, err
	}
	var figures []Figure
	for _, s := range []side{asking("check-open", e.api, openWorkers, about), asking("bare echo, open", e.bare, openWorkers, about)} {
		reached, err := alternate(ctx, e.opts.Duration, side{name: s.name, workers: mostWorkers, do: s.do})
		if err != nil {
			return nil, err
		}
		rate := max(math.Floor(reached[0].rate()*0.7), 1)
		t, err := open(ctx, ctx, e.opts.Duration, rate, s)
		if err != nil {
			return nil, err
		}
		figures = append(figures,
			figure(s.name+", rate", t.rate(), perSecond).against("rate asked for", rate),
			latency(s.name+", p50", &t, 50), latency(s.name+", p99", &t, 99), latency(s.name+", p99.9", &t, 99.9))
	}
	figures[2] = figures[2].against("bare echo, open", figures[6].Value).atMost(5)
	return figures, nil
}
