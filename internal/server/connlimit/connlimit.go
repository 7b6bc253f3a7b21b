// Package connlimit bounds how many connections a server has, so that neither clients nor what has no key can take the place of the other.
package connlimit

import (
	"container/list"
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/peer"

	"github.com/assent-io/assent/internal/fault"
)

const (
	// ownFiles is how many files the process needs besides its connections: the database, keys, certificates, the log.
	ownFiles = 128
	// maxDerived is the most connections of clients that a limit of open files is turned into.
	maxDerived = 10_000
	// evictionsEvery is how often the log says that connections without a key were closed.
	evictionsEvery = time.Minute
)

// Limits bound how many connections a server has. A connection is a stranger until a call on it has shown the API key of a client. When a listener
// has too many strangers, the one that has waited longest makes room for the newest: so a probe of health gets in, however many connections wait
// there without a key. While a request is worked on that needs no key, such as a click on a link, its connection does not make room.
type Limits struct {
	maxKnown     int64
	maxStrangers int // of each listener that wait for something
	maxHeld      int // of each listener, of which a request is worked on
	log          *slog.Logger
	known        atomic.Int64
}

// New returns limits for the number of files that the process may have open; 0: that is not known. A limit of the connections with a key that the
// settings give goes before the one that follows from the files.
func New(files uint64, limit int, log *slog.Logger) *Limits {
	const least, most = 16, 256
	if files == 0 {
		files = 1024
	}
	files = min(files, 1<<20)
	c := &Limits{maxStrangers: int(min(max(files/16, least), most)), log: log}
	c.maxHeld = 2 * c.maxStrangers
	c.maxKnown = min(max(int64(files)-ownFiles-2*int64(c.maxStrangers)-int64(c.maxHeld), least), maxDerived)
	if limit > 0 {
		c.maxKnown = int64(limit)
	}
	return c
}

// Listener returns a listener that accepts connections within the limits.
func (c *Limits) Listener(from net.Listener) net.Listener {
	return &listener{Listener: from, all: c, strangers: list.New()}
}

// Admit counts the connection of a call as one of a client, from the first call on that has shown a key. An error refuses the call.
func (c *Limits) Admit(ctx context.Context) error {
	if conn := of(ctx); conn != nil && !conn.isKnown.Load() {
		return conn.becomeKnown()
	}
	return nil // It is known, or inside the process.
}

// Hold returns a handler whose requests keep their connections until they are answered. The server has to tell the states of its connections to
// [State].
func (c *Limits) Hold(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn := of(r.Context()); conn != nil {
			conn.hold(r.Context())
		}
		next.ServeHTTP(w, r)
	})
}

// State is the ConnState of an [http.Server]: a connection of which all requests are answered waits again.
func State(from net.Conn, state http.ConnState) {
	if own, ok := from.RemoteAddr().(*address); ok && state == http.StateIdle {
		own.conn.release()
	}
}

type connectionKey struct{}

// OfHTTP puts the address of an HTTP connection, by which it is found, into the context of its requests.
func OfHTTP(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, conn.RemoteAddr())
}

// of returns the connection of a call; nil: it is inside the process.
func of(ctx context.Context) *conn {
	addr, _ := ctx.Value(connectionKey{}).(net.Addr)
	if from, ok := peer.FromContext(ctx); ok {
		addr = from.Addr
	}
	if own, ok := addr.(*address); ok {
		return own.conn
	}
	return nil
}

// listener is a listener that counts its connections.
type listener struct {
	net.Listener
	all *Limits

	mu        sync.Mutex
	strangers *list.List // of *conn that make room, the one that has waited longest first
	held      int        // strangers of which a request is worked on
	evicted   int        // since the log told of it
	told      time.Time
}

// Accept returns the next connection. It closes a stranger if there are too many.
func (l *listener) Accept() (net.Conn, error) {
	from, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	made := &conn{Conn: from, listener: l}
	l.mu.Lock()
	evicted := l.wait(made)
	l.mu.Unlock()
	l.evict(evicted)
	return made, nil
}

// wait puts a connection last among the strangers that wait for something, and returns the one that has to make room, which is none of them any
// more; nil: there is room. It is called under the lock.
func (l *listener) wait(c *conn) (evicted *conn) {
	c.place = l.strangers.PushBack(c)
	if l.strangers.Len() > l.all.maxStrangers {
		evicted, _ = l.strangers.Front().Value.(*conn)
		evicted.leave() // Or the next that comes before it is closed finds it first, too, and one too many stays.
	}
	return evicted
}

// evict closes a connection, if there is one, and tells the log from time to time. Its other end learns of it by the end of the connection.
func (l *listener) evict(c *conn) {
	if c == nil {
		return
	}
	_ = c.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.evicted++
	if time.Since(l.told) < evictionsEvery {
		return
	}
	l.all.log.LogAttrs(context.Background(), slog.LevelWarn, "closed connections without an API key to make room for newer ones",
		slog.Int("closed", l.evicted), slog.Int("limit", l.all.maxStrangers))
	l.told, l.evicted = time.Now(), 0
}

// conn is a connection that is counted: as a stranger, then as known, until it is closed.
type conn struct {
	net.Conn
	listener *listener
	isKnown  atomic.Bool // changes under the lock of the listener

	// Under the lock of the listener:
	place  *list.Element // among the strangers that make room; nil: it is none of them
	held   bool          // a request is worked on
	closed bool
}

// address is that of the other end of a connection, by which the connection is found again.
type address struct {
	net.Addr
	conn *conn
}

// RemoteAddr returns the address of the other end.
func (c *conn) RemoteAddr() net.Addr { return &address{Addr: c.Conn.RemoteAddr(), conn: c} }

func (c *conn) becomeKnown() error {
	l := c.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.closed || c.isKnown.Load() {
		return nil // By another call.
	}
	if l.all.known.Add(1) > l.all.maxKnown {
		l.all.known.Add(-1)
		return fault.Errorf(fault.TooManyCalls, "", "the server has %d connections of clients, which is its limit; make several "+
			"calls on one connection, or try again later", l.all.maxKnown)
	}
	c.leave()
	c.endHold()
	c.isKnown.Store(true)
	return nil
}

// leave takes a connection from those that make room. It is called under the lock.
func (c *conn) leave() {
	if c.place != nil {
		c.listener.strangers.Remove(c.place)
		c.place = nil
	}
}

// hold keeps a stranger from making room, unless too many are kept, or the request has ended already: a client of HTTP/2 may take it back before its
// handler begins, and [State] was told then that the connection waits.
func (c *conn) hold(ctx context.Context) {
	l := c.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.place != nil && l.held < l.all.maxHeld && ctx.Err() == nil {
		c.leave()
		c.held = true
		l.held++
	}
}

// release ends what hold began.
func (c *conn) release() {
	l := c.listener
	l.mu.Lock()
	var evicted *conn
	if c.held {
		c.endHold()
		evicted = l.wait(c)
	}
	l.mu.Unlock()
	l.evict(evicted)
}

// endHold is called under the lock.
func (c *conn) endHold() {
	if c.held {
		c.held = false
		c.listener.held--
	}
}

// Close closes the connection.
func (c *conn) Close() error {
	l := c.listener
	l.mu.Lock()
	if !c.closed {
		c.closed = true
		c.leave()
		c.endHold()
		if c.isKnown.Load() {
			l.all.known.Add(-1)
		}
	}
	l.mu.Unlock()
	return c.Conn.Close()
}
