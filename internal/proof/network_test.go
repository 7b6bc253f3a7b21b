package proof

import (
	"net"
	"sync"
	"testing"
	"time"
)

// route is a proxy between two parts of the system. Its connections can be cut, slowed down and held up. It listens all the time, also
// while nothing listens at its other end.
type route struct {
	listener net.Listener
	to       string
	running  sync.WaitGroup

	mu    sync.Mutex
	links map[*link]struct{}
	delay time.Duration // of each piece of data, either way
	open  chan struct{} // closed while data flows
	ended bool
}

// link is one connection through a route.
type link struct {
	near, far net.Conn
	gone      chan struct{}
	cut       func()
}

// newRoute makes a proxy to what listens, or will listen, on to. It ends with the test.
func newRoute(t testing.TB, to string) *route {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &route{listener: listener, to: to, links: map[*link]struct{}{}, open: make(chan struct{})}
	close(r.open)
	r.running.Go(r.accept)
	t.Cleanup(r.end)
	return r
}

func (r *route) address() string { return r.listener.Addr().String() }

// end cuts everything and returns when nothing runs any more.
func (r *route) end() {
	r.heal()
	_ = r.listener.Close()
	r.mu.Lock()
	r.ended = true
	r.mu.Unlock()
	r.cut()
	r.running.Wait()
}

func (r *route) accept() {
	for {
		near, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.running.Go(func() { r.connect(near) })
	}
}

// connect takes a connection to its other end. If nothing listens there, it ends at once.
func (r *route) connect(near net.Conn) {
	var dialer net.Dialer
	dialer.Timeout = time.Second
	far, err := dialer.Dial("tcp", r.to)
	if err != nil {
		_ = near.Close()
		return
	}
	l := &link{near: near, far: far, gone: make(chan struct{})}
	l.cut = sync.OnceFunc(func() {
		close(l.gone)
		_ = l.near.Close()
		_ = l.far.Close()
	})
	r.mu.Lock()
	ended := r.ended
	r.links[l] = struct{}{}
	r.mu.Unlock()
	if ended {
		l.cut()
	}
	r.running.Go(func() { r.pump(l, l.near, l.far) })
	r.pump(l, l.far, l.near)
	l.cut()
	r.mu.Lock()
	delete(r.links, l)
	r.mu.Unlock()
}

// pump takes what comes from one end to the other, as the route is at the moment.
func (r *route) pump(l *link, from, to net.Conn) {
	defer l.cut()
	piece := make([]byte, 32<<10)
	for {
		n, err := from.Read(piece)
		if n > 0 {
			if !r.hold(l) {
				return
			}
			if _, err := to.Write(piece[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// hold waits as long as data takes; false means that the connection was cut meanwhile.
func (r *route) hold(l *link) bool {
	r.mu.Lock()
	delay, open := r.delay, r.open
	r.mu.Unlock()
	if delay > 0 && !wait(l.gone, delay) {
		return false
	}
	select {
	case <-open:
		return true
	case <-l.gone:
		return false
	}
}

// cut breaks all connections; new ones are taken at once.
func (r *route) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for l := range r.links {
		l.cut()
	}
}

// slow delays all that flows, in the connections that there are, too.
func (r *route) slow(delay time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delay = delay
}

// hang holds up all that flows until heal, and loses nothing.
func (r *route) hang() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open = make(chan struct{})
}

// heal lets everything flow again at once.
func (r *route) heal() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delay = 0
	select {
	case <-r.open:
	default:
		close(r.open)
	}
}
