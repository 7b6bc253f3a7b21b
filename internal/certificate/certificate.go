// Package certificate serves a TLS certificate from two files, and takes a new pair when they change.
package certificate

import (
	"context"
	"crypto/tls"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/assent-io/assent/internal/atomicfile"
)

// lookEvery is how often the files of a certificate are looked at, at most.
const lookEvery = time.Second

// Certificate is a certificate with its key, read from files. A handshake looks whether the files have changed, at most once in
// lookEvery, and takes the new pair. A pair that is not right is logged once and leaves the old one in use.
type Certificate struct {
	cert, key string // paths
	now       func() time.Time
	log       *slog.Logger

	mu     sync.Mutex
	pair   *tls.Certificate
	looked time.Time      // by now
	files  [2]fs.FileInfo // of the pair
	wrong  string         // with the files since; empty: nothing
}

// Load reads the certificate; one that is not right is an error.
func Load(cert, key string, now func() time.Time, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{cert: cert, key: key, now: now, log: log, looked: now()}
	c.files = c.look() // Before they are read: a change in between is seen as one.
	pair, err := c.read()
	if err != nil {
		return nil, err
	}
	c.pair = pair
	return c, nil
}

func (c *Certificate) read() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return nil, fmt.Errorf("load the certificate %s with the key %s: %w", c.cert, c.key, err)
	}
	if c.now().After(pair.Leaf.NotAfter) {
		return nil, fmt.Errorf("the certificate %s ended at %s", c.cert, pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	return &pair, nil
}

// look returns what the files are at the moment, behind all links; nil for one that cannot be looked at.
func (c *Certificate) look() (files [2]fs.FileInfo) {
	for i, path := range []string{c.cert, c.key} {
		if info, err := os.Stat(path); err == nil {
			files[i] = info
		}
	}
	return files
}

// End returns when the certificate that is served ends.
func (c *Certificate) End() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pair.Leaf.NotAfter
}

// ForHandshake returns the pair for a handshake.
func (c *Certificate) ForHandshake(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if since := now.Sub(c.looked); since >= 0 && since < lookEvery { // A clock that was set back must not end the looking.
		return c.pair, nil
	}
	c.looked = now
	files := c.look()
	if atomicfile.Unchanged(files[0], c.files[0]) && atomicfile.Unchanged(files[1], c.files[1]) {
		return c.pair, nil
	}
	c.reload(hello.Context(), files)
	return c.pair, nil
}

// reload takes the pair of the files as they were looked at. One that cannot be had is tried again at the next look, for what is
// wrong need not be the files themselves; it is logged once for each thing that is wrong.
func (c *Certificate) reload(ctx context.Context, files [2]fs.FileInfo) {
	pair, err := c.read()
	if err != nil {
		if c.wrong == err.Error() {
			return
		}
		c.wrong = err.Error()
		c.log.LogAttrs(ctx, slog.LevelError, "the files of the certificate changed and are not right; the old one stays in use",
			slog.String("error", err.Error()), slog.Time("not_after", c.pair.Leaf.NotAfter))
		return
	}
	c.pair, c.files, c.wrong = pair, files, ""
	c.log.LogAttrs(ctx, slog.LevelInfo, "took the new certificate", slog.String("file", c.cert),
		slog.Time("not_after", pair.Leaf.NotAfter))
}
