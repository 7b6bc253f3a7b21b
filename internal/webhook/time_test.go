package webhook

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// pipe makes a client connect to a function instead of the network, so that a test can wait in the time of its bubble. A nil function never
// takes the connection.
func pipe(c *Client, receiver func(net.Conn)) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		if receiver == nil {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			receiver(there)
		}()
		return here, nil
	}
	c.http.DialContext, c.https.DialContext = dial, dial
}

// after returns a receiver that reads the request, waits, and writes each of its texts with a wait before it, until the sender hangs up.
func after(t *testing.T, wait time.Duration, texts ...string) func(net.Conn) {
	t.Helper()
	return func(conn net.Conn) {
		request, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return // the sender has hung up
		}
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			t.Error(err)
		}
		for _, text := range texts {
			<-time.After(wait)
			if _, err := io.WriteString(conn, text); err != nil {
				return
			}
		}
		_, _ = io.Copy(io.Discard, conn)
	}
}

// mute reads what is sent and says nothing.
func mute(conn net.Conn) {
	_, _ = io.Copy(io.Discard, conn)
}

func TestDeliver_SlowReceiver_EndsAtTheTimeLimit(t *testing.T) {
	const full = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	cases := map[string]struct {
		url      string
		timeout  time.Duration
		receiver func(net.Conn)
		want     Outcome
		took     time.Duration
	}{
		"200 in time":                {"http://a.example", 0, after(t, 14*time.Second, full), Delivered, 14 * time.Second},
		"200 too late":               {"http://a.example", 0, after(t, 16*time.Second, full), TimedOut, 15 * time.Second},
		"another time limit":         {"http://a.example", 2 * time.Second, after(t, 3*time.Second, full), TimedOut, 2 * time.Second},
		"no answer":                  {"http://a.example", 0, after(t, 0), TimedOut, 15 * time.Second},
		"headers by and by":          {"http://a.example", 0, after(t, 5*time.Second, "HTTP/1.1", " 200 OK\r\n", "a: b\r\n", "c: d\r\n\r\n"), TimedOut, 15 * time.Second},
		"no connection":              {"http://a.example", 0, nil, TimedOut, 15 * time.Second},
		"no handshake":               {"https://a.example", 0, mute, TimedOut, handshakeTimeout},
		"200 in time, body too slow": {"http://a.example", 0, after(t, 8*time.Second, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", "b"), Delivered, 15 * time.Second},
		"500 in time, body too slow": {"http://a.example", 0, after(t, 8*time.Second, "HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\na", "b"), ServerError, 15 * time.Second},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := New(Options{AllowPrivate: true, Timeout: c.timeout})
				pipe(client, c.receiver)
				answer := deliver(t, t.Context(), client, c.url)
				if answer.Outcome != c.want || answer.Took != c.took {
					t.Errorf("%+v, want %s after %s", answer, c.want, c.took)
				}
				client.Close()
				<-time.After(time.Minute) // the receiver ends, too
			})
		})
	}
}

func TestDeliver_ContextEnds_TheAttemptEndsAtOnce(t *testing.T) {
	for name, receiver := range map[string]func(net.Conn){"no answer": after(t, 0), "no connection": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := New(Options{AllowPrivate: true})
				pipe(client, receiver)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(3*time.Second, cancel)
				if answer := deliver(t, ctx, client, "http://a.example"); answer.Outcome != Cancelled || answer.Took != 3*time.Second {
					t.Errorf("%+v", answer)
				}
				if answer := deliver(t, ctx, client, "http://a.example"); answer.Outcome != Cancelled || answer.Took != 0 {
					t.Errorf("with a context that has ended: %+v", answer)
				}
				client.Close()
			})
		})
	}
}

func TestDeliver_SeveralMessages_ShareAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, connections := New(Options{AllowPrivate: true}), 0
		pipe(client, func(conn net.Conn) {
			connections++
			from := bufio.NewReader(conn)
			for {
				request, err := http.ReadRequest(from)
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, request.Body)
				_, _ = io.WriteString(conn, "HTTP/1.1 503 Not now\r\nContent-Length: 5\r\n\r\nlater")
			}
		})
		for range 3 {
			if answer := deliver(t, t.Context(), client, "http://a.example"); answer.Outcome != Overloaded || answer.Excerpt != "later" {
				t.Errorf("%+v", answer)
			}
			synctest.Wait()
		}
		if connections != 1 {
			t.Errorf("%d connections", connections)
		}
		client.Close()
	})
}
