package proof

import (
	"net"
	"strconv"
	"testing"
)

// ports gives out unused TCP ports. They are below those that systems give to outgoing connections, so that a server
// which is down for a moment finds its port free when it comes back.
type ports struct {
	t    testing.TB
	next int
}

func newPorts(t testing.TB, d dice) *ports {
	t.Helper()
	return &ports{t: t, next: 15_000 + d.IntN(15_000)}
}

func (p *ports) take() string {
	p.t.Helper()
	for range 1000 {
		p.next++
		var config net.ListenConfig
		at := net.JoinHostPort("127.0.0.1", strconv.Itoa(p.next))
		if free, err := config.Listen(p.t.Context(), "tcp", at); err == nil {
			_ = free.Close()
			return at
		}
	}
	p.t.Fatal("no port is free")
	return ""
}
