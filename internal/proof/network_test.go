package proof

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// ports gives out TCP ports that nobody listens on. They are below those that systems give to outgoing connections, so that a server
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

// route is a proxy between two parts of the system.
type route struct {
	t     testing.TB
	name  string
	proxy *toxiproxy.Proxy
}

// newRoute makes a proxy on the port from, to what listens on to. It ends with the test.
func newRoute(t testing.TB, name, from, to string) *route {
	t.Helper()
	host := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	r := &route{t: t, name: name, proxy: toxiproxy.NewProxy(host, name, from, to)}
	if err := r.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.proxy.Stop)
	return r
}

// cut breaks all connections; new ones are taken again at once.
func (r *route) cut() error {
	r.proxy.Stop()
	if err := r.proxy.Start(); err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	return nil
}

// sicken adds a toxic, such as latency, to what flows one way.
func (r *route) sicken(kind, way string, attributes map[string]int) error {
	toxic, err := json.Marshal(map[string]any{"name": kind + way, "type": kind, "stream": way, "toxicity": 1, "attributes": attributes})
	if err != nil {
		return err
	}
	_, err = r.proxy.Toxics.AddToxicJson(strings.NewReader(string(toxic)))
	return err
}

// heal removes all toxics.
func (r *route) heal(ctx context.Context) { r.proxy.Toxics.ResetToxics(ctx) }
