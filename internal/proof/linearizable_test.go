package proof

import (
	"fmt"
	"testing"
	"time"
)

// clients is how many make calls at once.
const clients = 6

// apart sets the clocks of servers apart, by less than what makes a server refuse to write.
func apart(d dice) func(n int) serving {
	return func(int) serving { return serving{Clock: d.between(-4*time.Second, 4*time.Second)} }
}

// remotes connects a client to all servers through their proxies.
func (c *cluster) remotes(t testing.TB) []remote {
	t.Helper()
	var all []remote
	for _, node := range c.nodes {
		all = append(all, connect(t, node.clients.address(), c.key))
	}
	return all
}

func TestServers_KilledPausedAndCutOff_NoAcknowledgedRefusalIsFollowedByAllow(t *testing.T) {
	seed := seeded(t)
	c := newCluster(t, newDice(seed, "cluster"), apart(newDice(seed, "clocks")))
	through := c.remotes(t)
	// Each epoch has recipients of its own, so that its history stays short enough to be searched.
	span, end := forms(4*time.Second, 10*time.Second), time.Now().Add(forms(0, 2*time.Minute))
	total, lost, allowed := 0, 0, 0
	done := map[string]int{}
	for epoch := 0; epoch == 0 || time.Now().Before(end); epoch++ {
		name := fmt.Sprintf("epoch-%d", epoch)
		n := &nemesis{cluster: c, dice: newDice(seed, name), most: forms(400*time.Millisecond, 3*time.Second)}
		l := newLoad(t, name)
		l.begin(through[0], newDice(seed, name+" begin"))
		stop, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			n.run(stop, 100*time.Millisecond)
		}()
		l.run(clients, name, seed, through, span)
		close(stop)
		<-ended
		for _, err := range n.errs {
			t.Fatal(err)
		}
		l.settle(through[1])
		mustBeLegal(t, l.history)
		if t.Failed() {
			return
		}
		total, lost, allowed = total+len(l.history), lost+l.lost, allowed+l.allowed
		for what, times := range n.done {
			done[what] += times
		}
	}
	t.Logf("%d calls, %d ALLOW, %d attempts without an answer; %v", total, allowed, lost, done)
	if allowed < 5 || lost == 0 {
		t.Errorf("%d ALLOW and %d attempts without an answer prove little", allowed, lost)
	}
}
