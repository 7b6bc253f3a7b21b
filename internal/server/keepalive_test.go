package server_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

func TestKeepalive_ClientThatPingsOften_KeepsItsConnection(t *testing.T) {
	t.Parallel()
	r := run(t, settings(t))
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", r.at.GRPC)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(http2.ClientPreface)); err != nil {
		t.Fatal(err)
	}
	framer := http2.NewFramer(conn, conn)
	if err := framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	const pings = 5 // By the fourth that comes too early a server ends the connection.
	acks, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			frame, err := framer.ReadFrame()
			if err != nil {
				ended <- err
				return
			}
			switch frame := frame.(type) {
			case *http2.PingFrame:
				if frame.IsAck() {
					acks <- struct{}{}
				}
			case *http2.GoAwayFrame:
				ended <- errors.New("the server went away: " + string(frame.DebugData()))
				return
			}
		}
	}()
	ticker := time.NewTicker(2200 * time.Millisecond)
	defer ticker.Stop()
	for n := range pings {
		if n > 0 {
			<-ticker.C
		}
		if err := framer.WritePing(false, [8]byte{byte(n)}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-acks:
		case err := <-ended:
			t.Fatalf("ping %d: %v", n+1, err)
		}
	}
	// The reader ends with the connection.
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("the reader goes on")
	}
}
