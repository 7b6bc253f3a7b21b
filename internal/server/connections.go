package server

import (
	"container/list"
	"context"
	"log/slog"
	"net"
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

// connections bounds how many connections a server has. A connection is a stranger until a call on it has shown the API key of a
// client. When a listener has too many strangers, the oldest makes room for the newest one: so a probe of health gets in, however many
// connections wait there without a key.
type connections struct {
	maxKnown     int64
	maxStrangers int // of each listener
	log          *slog.Logger
	known        atomic.Int64
}

// newConnections returns limits for the number of files that the process may have open; 0: that is not known. A limit of the
// connections with a key that the settings give goes before the one that follows from the files.
func newConnections(files uint64, limit int, log *slog.Logger) *connections {
	const least, most = 16, 256
	if files == 0 {
		files = 1024
	}
	files = min(files, 1<<20)
	c := &connections{maxStrangers: int(min(max(files/16, least), most)), log: log}
	c.maxKnown = min(max(int64(files)-ownFiles-2*int64(c.maxStrangers), least), maxDerived)
	if limit > 0 {
		c.maxKnown = int64(limit)
	}
	return c
}

// limit returns a listener that accepts connections within the limits.
func (c *connections) limit(from net.Listener) net.Listener {
	return &limitedListener{Listener: from, all: c, strangers: list.New()}
}

// admit counts the connection of a call as one of a client, from the first call on that has shown a key. An error refuses the call.
func (c *connections) admit(ctx context.Context) error {
	var addr net.Addr
	if from, ok := peer.FromContext(ctx); ok {
		addr = from.Addr
	} else if addr, ok = ctx.Value(connectionKey{}).(net.Addr); !ok {
		return nil
	}
	if own, ok := addr.(*limitedAddr); ok && !own.conn.isKnown.Load() {
		return own.conn.becomeKnown()
	}
	return nil // It is known, or inside the process.
}

type connectionKey struct{}

// ofHTTP puts the address of an HTTP connection, by which admit finds it, into the context of its requests.
func ofHTTP(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, conn.RemoteAddr())
}

// limitedListener is a listener that counts its connections.
type limitedListener struct {
	net.Listener
	all *connections

	mu        sync.Mutex
	strangers *list.List // of *limitedConn, the oldest first
	evicted   int        // since the log told of it
	told      time.Time
}

// Accept returns the next connection. It closes the oldest stranger if there are too many.
func (l *limitedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	made := &limitedConn{Conn: conn, listener: l}
	l.mu.Lock()
	made.place = l.strangers.PushBack(made)
	var oldest *limitedConn
	if l.strangers.Len() > l.all.maxStrangers {
		oldest, _ = l.strangers.Front().Value.(*limitedConn)
	}
	l.mu.Unlock()
	if oldest != nil {
		_ = oldest.Close() // Its other end learns of it by the end of the connection.
		l.tellOfEviction()
	}
	return made, nil
}

func (l *limitedListener) tellOfEviction() {
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

// limitedConn is a connection that is counted: as a stranger, then as known, until it is closed.
type limitedConn struct {
	net.Conn
	listener *limitedListener
	isKnown  atomic.Bool

	// Under the lock of the listener:
	place  *list.Element // among the strangers; nil: it is none any longer
	closed bool
}

// limitedAddr is the address at the other end of a connection, by which the connection is found again.
type limitedAddr struct {
	net.Addr
	conn *limitedConn
}

// RemoteAddr returns the address at the other end.
func (c *limitedConn) RemoteAddr() net.Addr { return &limitedAddr{Addr: c.Conn.RemoteAddr(), conn: c} }

func (c *limitedConn) becomeKnown() error {
	l := c.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.place == nil {
		return nil // It is known by another call, or closed.
	}
	if l.all.known.Add(1) > l.all.maxKnown {
		l.all.known.Add(-1)
		return fault.Errorf(fault.TooManyCalls, "", "the server has %d connections of clients, which is its limit; make several "+
			"calls on one connection, or try again later", l.all.maxKnown)
	}
	l.strangers.Remove(c.place)
	c.place = nil
	c.isKnown.Store(true)
	return nil
}

// Close closes the connection.
func (c *limitedConn) Close() error {
	l := c.listener
	l.mu.Lock()
	if !c.closed {
		c.closed = true
		if c.place != nil {
			l.strangers.Remove(c.place)
			c.place = nil
		} else {
			l.all.known.Add(-1)
		}
	}
	l.mu.Unlock()
	return c.Conn.Close()
}
