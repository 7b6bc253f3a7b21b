package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/bench/oneclick"
	"github.com/assent-io/assent/internal/bench/persons"
)

const (
	// clickRate is how many clicks a second come by themselves.
	clickRate = 2000
	// goalClick is how many milliseconds the 99th of a hundred clicks takes at most.
	goalClick = 20
	// clickConnections is how many connections the clicks come by: as those of a proxy before the server, which closes the oldest of many that
	// show no key.
	clickConnections = 48
	// linksPerCall is how many links one call asks for.
	linksPerCall = 1000
	// clickWarmUp is for how long clicks come before those that are measured: the connections are opened in it.
	clickWarmUp = time.Second
)

func (e *env) linkCases() []benchCase {
	return []benchCase{{"clicks", e.clicks}}
}

// clicks measures one click (RFC 8058) over HTTP: the first of as many persons, as they come by themselves after a mailing, and a link that is
// clicked again and again. Beside the first stands what the same requests cost a bare HTTP server that does nothing, at the same rate.
func (e *env) clicks(ctx context.Context) ([]Figure, error) {
	tokens, err := e.mailing(ctx, int(math.Ceil(clickRate*(clickWarmUp+e.opts.Duration).Seconds())))
	if err != nil {
		return nil, err
	}
	if err := e.settle(ctx); err != nil {
		return nil, err
	}
	bare, stop, err := oneclick.ServeBare(ctx)
	if err != nil {
		return nil, err
	}
	echoed, err := clicksAtRate(ctx, e.opts.Duration, bare, tokens)
	if err = errors.Join(err, stop()); err != nil {
		return nil, err
	}
	before, err := e.db.Position(ctx)
	if err != nil {
		return nil, err
	}
	t, err := clicksAtRate(ctx, e.opts.Duration, e.pages, tokens)
	if err != nil {
		return nil, err
	}
	if after, err := e.db.Position(ctx); err != nil || after-before < t.units {
		return nil, errors.Join(err, fmt.Errorf("of %d clicks %d were recorded", t.units, after-before))
	}
	clicker := oneclick.New(e.pages, clickConnections)
	defer clicker.CloseIdleConnections()
	again, err := closed(ctx, e.opts.Duration, side{"assent", mostWorkers, func(ctx context.Context, _ int) (int, error) {
		return 1, clicker.Click(ctx, tokens[0])
	}})
	if err != nil {
		return nil, err
	}
	const name, baseline = "clicks as they come", "bare HTTP server"
	return []Figure{
		figure(name, t.rate(), perSecond).against("rate asked for", clickRate),
		latency(name+", p50", &t, 50).against(baseline, inMillis(echoed.at(50))),
		latency(name+", p99", &t, 99).against(baseline, inMillis(echoed.at(99))).atMost(goalClick),
		figure("clicks on one link", again.rate(), perSecond),
		latency("clicks on one link, p99", &again, 99),
	}, nil
}

// mailing records as many new persons with a consent, and returns the tokens of the links of a message to each.
func (e *env) mailing(ctx context.Context, people int) ([]string, error) {
	e.opts.tell("recording %d people who get a message", people)
	tokens := make([]string, 0, people)
	for len(tokens) < people {
		in := &assentv1.BatchRecordEventsRequest{}
		ask := &assentv1.BatchCheckConsentRequest{Channel: persons.Newsletter, Links: true}
		for n := e.unused(linksPerCall); len(ask.GetAddresses()) < min(linksPerCall, people-len(tokens)); n++ {
			who := e.fresh.Person(n)
			if who.Standing != persons.Subscribed {
				continue
			}
			in.Events, ask.Addresses = append(in.Events, who.Events[0]), append(ask.Addresses, who.Address)
			e.next = max(e.next, n+1)
		}
		if _, err := persons.RecordAll(ctx, e.api.record, in); err != nil {
			return nil, err
		}
		out := &assentv1.BatchCheckConsentResponse{}
		if err := e.api.call(ctx, 0, "BatchCheckConsent", ask, out); err != nil {
			return nil, err
		}
		for _, links := range out.GetLinks() {
			if links.GetToken() == "" {
				return nil, errors.New("a new person with a consent got no link")
			}
			tokens = append(tokens, links.GetToken())
		}
	}
	return tokens, nil
}

// clicksAtRate has each of the persons click once, at the rate, at the server with the address. Those of the first second only warm it up.
func clicksAtRate(ctx context.Context, duration time.Duration, address string, tokens []string) (tally, error) {
	clicker := oneclick.New(address, clickConnections)
	defer clicker.CloseIdleConnections()
	next := make(chan string, len(tokens))
	for _, token := range tokens {
		next <- token
	}
	click := side{"clicks", openWorkers, func(ctx context.Context, _ int) (int, error) { return 1, clicker.Click(ctx, <-next) }}
	if _, err := open(ctx, ctx, clickWarmUp, clickRate, click); err != nil {
		return tally{}, err
	}
	return open(ctx, ctx, duration, clickRate, click)
}
