package client

import (
	"crypto/tls"
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

func TestTransport_PlainOnlyToThisMachineOrWhereAnOptionSaysSo(t *testing.T) {
	for _, c := range []struct {
		host   string
		option Option
		plain  bool
	}{
		{"127.0.0.1", nil, true},
		{"127.8.8.8", nil, true},
		{"localhost", nil, true},
		{"::1", nil, true},
		{"::ffff:127.0.0.1", nil, true},
		{"0.0.0.0", nil, false},
		{"10.0.0.1", nil, false},
		{"assent.example", nil, false},
		{"localhost.example", nil, false},
		{"assent.example", WithPlaintext(), true},
		{"127.0.0.1", WithTLS(nil), false},
		{"assent.example", WithTLS(&tls.Config{MinVersion: tls.VersionTLS13}), false},
	} {
		var s settings
		if c.option != nil {
			c.option(&s)
		}
		if got := s.transport(c.host).Info().SecurityProtocol; (got == "insecure") != c.plain {
			t.Errorf("%s: %s", c.host, got)
		}
	}
}

func TestObstacle_IsToldFromTheTextsOfGRPC(t *testing.T) {
	for text, want := range map[string]Obstacle{
		`connection error: desc = "error reading server preface: http2: frame too large, note that the frame header looked like an HTTP/1.1 header"`: ObstacleHTTP,
		"name resolver error: produced zero addresses":                                                                           ObstacleUnknownHost,
		`dns: A record lookup error: lookup nowhere.invalid: no such host`:                                                       ObstacleUnknownHost,
		`connection error: desc = "error reading server preface: EOF"`:                                                           ObstacleNeedsTLS,
		`connection error: desc = "transport: authentication handshake failed: first record does not look like a TLS handshake"`: ObstacleNoTLS,
		`connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"`:           ObstacleUnreachable,
	} {
		if got := obstacleOf(text, true); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	if got := obstacleOf("error reading server preface: EOF", false); got != ObstacleUnreachable {
		t.Errorf("with TLS: %s", got)
	}
}
