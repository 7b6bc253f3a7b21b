package proof

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// nemesis breaks things, one after the other and several at once, and mends each after a while.
type nemesis struct {
	cluster *cluster
	dice    dice
	most    time.Duration // how long anything stays broken

	done map[string]int
	errs []error
}

// deeds are what it does; each returns when it is mended again.
func (n *nemesis) deeds() map[string]func(ctx context.Context, stop <-chan struct{}, d dice) error {
	return map[string]func(ctx context.Context, stop <-chan struct{}, d dice) error{
		"kill a server":         n.killServer,
		"pause a server":        n.pauseServer,
		"cut the clients":       n.cut(func(n *node) *route { return n.clients }),
		"cut the database":      n.cut(func(n *node) *route { return n.store }),
		"slow the clients":      n.sicken(func(n *node) *route { return n.clients }, "latency", "downstream"),
		"slow the database":     n.sicken(func(n *node) *route { return n.store }, "latency", "upstream"),
		"hang the clients":      n.sicken(func(n *node) *route { return n.clients }, "timeout", "downstream"),
		"hang the database":     n.sicken(func(n *node) *route { return n.store }, "timeout", "downstream"),
		"crash the database":    n.crashDatabase,
		"kill server, database": n.killBoth,
	}
}

// run does everything at least once, in any order, and goes on until stop is closed. At its end nothing is broken.
func (n *nemesis) run(ctx context.Context, stop <-chan struct{}, pause time.Duration) {
	n.done = map[string]int{}
	deeds := n.deeds()
	names := slices.Sorted(maps.Keys(deeds)) // The order of a map is not repeatable.
	for {
		n.dice.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for _, name := range names {
			n.done[name]++
			if err := deeds[name](ctx, stop, n.dice); err != nil {
				n.errs = append(n.errs, fmt.Errorf("%s: %w", name, err))
			}
			if !wait(stop, n.dice.between(0, pause)) {
				return
			}
		}
	}
}

func (n *nemesis) any() *node { return n.cluster.nodes[n.dice.IntN(servers)] }

func (n *nemesis) killServer(_ context.Context, stop <-chan struct{}, d dice) error {
	node := n.any()
	node.running.kill()
	node.running.mustHaveNoRaces(n.cluster.t)
	wait(stop, d.between(0, n.most/4))
	return node.restart()
}

// pauseServer stops a server as a machine under load does, and lets it go on with what it was doing.
func (n *nemesis) pauseServer(_ context.Context, stop <-chan struct{}, d dice) error {
	node := n.any()
	if err := node.running.pause(); err != nil {
		return err
	}
	wait(stop, d.between(n.most/4, n.most))
	return node.running.resume()
}

func (n *nemesis) cut(which func(*node) *route) func(context.Context, <-chan struct{}, dice) error {
	return func(context.Context, <-chan struct{}, dice) error { return which(n.any()).cut() }
}

// sicken slows a route down, or swallows what flows and then cuts.
func (n *nemesis) sicken(which func(*node) *route, kind, way string) func(context.Context, <-chan struct{}, dice) error {
	return func(ctx context.Context, stop <-chan struct{}, d dice) error {
		r := which(n.any())
		span := d.between(n.most/4, n.most)
		attributes := map[string]int{"latency": 5 + d.IntN(60), "jitter": 5}
		if kind == "timeout" {
			attributes = map[string]int{"timeout": 1 + int(span.Milliseconds()/2)}
		}
		if err := r.sicken(kind, way, attributes); err != nil {
			return err
		}
		wait(stop, span)
		r.heal(ctx)
		return nil
	}
}

func (n *nemesis) crashDatabase(_ context.Context, stop <-chan struct{}, d dice) error {
	n.cluster.postgres.Stop()
	wait(stop, d.between(0, n.most/2))
	n.cluster.postgres.Start()
	return nil
}

// killBoth has a server start while there is no database.
func (n *nemesis) killBoth(ctx context.Context, stop <-chan struct{}, d dice) error {
	node := n.any()
	node.running.kill()
	if err := n.crashDatabase(ctx, stop, d); err != nil {
		return err
	}
	return node.restart()
}
