package proof

import (
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

// deed breaks something and mends it, earlier if stop is closed.
type deed func(stop <-chan struct{}, d dice) error

// deeds are what it does; each returns when it is mended again.
func (n *nemesis) deeds() map[string]deed {
	return map[string]deed{
		"kill a server":         n.killServer,
		"pause a server":        n.pauseServer,
		"cut the clients":       n.cut(func(n *node) *route { return n.clients }),
		"cut the database":      n.cut(func(n *node) *route { return n.store }),
		"slow the clients":      n.slow(func(n *node) *route { return n.clients }),
		"slow the database":     n.slow(func(n *node) *route { return n.store }),
		"hang the clients":      n.hang(func(n *node) *route { return n.clients }),
		"hang the database":     n.hang(func(n *node) *route { return n.store }),
		"crash the database":    n.crashDatabase,
		"kill server, database": n.killBoth,
	}
}

// run does everything at least once, in any order, and goes on until stop is closed. At its end nothing is broken.
func (n *nemesis) run(stop <-chan struct{}, pause time.Duration) {
	n.done = map[string]int{}
	deeds := n.deeds()
	names := slices.Sorted(maps.Keys(deeds)) // The order of a map is not repeatable.
	for {
		n.dice.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for _, name := range names {
			n.done[name]++
			if err := deeds[name](stop, n.dice); err != nil {
				n.errs = append(n.errs, fmt.Errorf("%s: %w", name, err))
			}
			if !wait(stop, n.dice.between(0, pause)) {
				return
			}
		}
	}
}

func (n *nemesis) any() *node { return n.cluster.nodes[n.dice.IntN(servers)] }

func (n *nemesis) killServer(stop <-chan struct{}, d dice) error {
	node := n.any()
	node.running.kill()
	node.running.mustHaveNoRaces(n.cluster.t)
	wait(stop, d.between(0, n.most/4))
	return node.restart()
}

// pauseServer stops a server as a machine under load does, and lets it go on with what it was doing.
func (n *nemesis) pauseServer(stop <-chan struct{}, d dice) error {
	node := n.any()
	if err := node.running.pause(); err != nil {
		return err
	}
	wait(stop, d.between(n.most/4, n.most))
	return node.running.resume()
}

func (n *nemesis) cut(which func(*node) *route) deed {
	return func(<-chan struct{}, dice) error {
		which(n.any()).cut()
		return nil
	}
}

func (n *nemesis) slow(which func(*node) *route) deed {
	return func(stop <-chan struct{}, d dice) error {
		r := which(n.any())
		r.slow(d.between(5*time.Millisecond, 60*time.Millisecond))
		wait(stop, d.between(n.most/4, n.most))
		r.heal()
		return nil
	}
}

// hang holds up what flows; half of the time it is delivered late, else it is lost with the connections.
func (n *nemesis) hang(which func(*node) *route) deed {
	return func(stop <-chan struct{}, d dice) error {
		r := which(n.any())
		r.hang()
		wait(stop, d.between(n.most/4, n.most))
		if d.chance(50) {
			r.cut()
		}
		r.heal()
		return nil
	}
}

func (n *nemesis) crashDatabase(stop <-chan struct{}, d dice) error {
	n.cluster.postgres.Stop()
	wait(stop, d.between(0, n.most/2))
	n.cluster.postgres.Start()
	return nil
}

// killBoth has a server start while there is no database.
func (n *nemesis) killBoth(stop <-chan struct{}, d dice) error {
	node := n.any()
	node.running.kill()
	if err := n.crashDatabase(stop, d); err != nil {
		return err
	}
	return node.restart()
}
