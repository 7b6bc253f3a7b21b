package client

import (
	"testing"
	"time"
)

func TestPause_GrowsToAFewSeconds(t *testing.T) {
	for range 100 {
		pause := growingPauses()
		for n := range DefaultRetries {
			longest := min(100*time.Millisecond<<n, 5*time.Second)
			if got := pause(); got < longest/2 || got > longest {
				t.Fatalf("pause %d is %v", n, got)
			}
		}
	}
}

func TestLastPart_IsTheCause(t *testing.T) {
	for text, want := range map[string]string{
		`connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"`: "connection refused",
		"away": "away",
		`connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by ` +
			`unknown authority (possibly because of \"x509: invalid signature: no parent\" while trying to verify candidate authority ` +
			`certificate \"Acme Co\")"`: `certificate signed by unknown authority (possibly because of "x509: invalid signature: no parent" ` +
			`while trying to verify candidate authority certificate "Acme Co")`,
		`it said: "no: never"`: `"no: never"`,
	} {
		if got := lastPart(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
