// Package oneclick clicks on links in messages as mailbox providers do (RFC 8058), and has a server to compare with that does nothing.
package oneclick

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Clicker posts what mailbox providers do, over connections that it keeps.
type Clicker struct {
	*http.Client

	server string
}

// New returns a clicker for the server with the address.
func New(address string, connections int) Clicker {
	kept := &http.Transport{MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections}
	return Clicker{&http.Client{Transport: kept}, "http://" + address}
}

// Click clicks on the link with the token. An answer that is not 200 is an error.
func (c Clicker) Click(ctx context.Context, token string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.server+"/u/"+token, strings.NewReader("List-Unsubscribe=One-Click"))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := c.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != http.StatusOK {
		err = errors.Join(err, fmt.Errorf("a click was answered with %s", answer.Status))
	}
	return errors.Join(err, answer.Body.Close())
}

// ServeBare starts a server that reads each request and says that it was done. It returns its address, and what ends it.
func ServeBare(ctx context.Context) (address string, stop func() error, err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	bare := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "done\n")
	})}
	ended := make(chan error, 1)
	go func() { ended <- bare.Serve(listener) }()
	return listener.Addr().String(), func() error {
		err := bare.Close()
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}
