package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// knownSecret is the secret of the test vector that all libraries of Standard Webhooks have in their tests.
const knownSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func mustSecret(t testing.TB, text string) Secret {
	t.Helper()
	secret, err := ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestSignatures_VectorOfTheStandardsLibraries(t *testing.T) {
	got := signatures("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 999), []byte(`{"test": 2432232314}`),
		[]Secret{mustSecret(t, knownSecret)})
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signatures = %s, want %s", got, want)
	}
}

// What was signed here is verified here, and nothing else is.
func TestVerify_OfWhatWasSigned(t *testing.T) {
	newer, older := NewSecret(), mustSecret(t, knownSecret)
	at, body := time.Unix(1614265330, 0), []byte("{}")
	both := signatures("msg_1", at, body, []Secret{newer, older})
	key := func(s Secret) []byte { return []byte(*s.key) }
	for name, c := range map[string]struct {
		keys                 [][]byte
		id, time, list, body string
		want                 bool
	}{
		"the newer":           {[][]byte{key(newer)}, "msg_1", timestamp(at), both, "{}", true},
		"the older of two":    {[][]byte{key(NewSecret()), key(older)}, "msg_1", timestamp(at), both, "{}", true},
		"another":             {[][]byte{key(NewSecret())}, "msg_1", timestamp(at), both, "{}", false},
		"no key":              {nil, "msg_1", timestamp(at), both, "{}", false},
		"another body":        {[][]byte{key(newer)}, "msg_1", timestamp(at), both, "{ }", false},
		"another time":        {[][]byte{key(newer)}, "msg_1", "1614265331", both, "{}", false},
		"another id":          {[][]byte{key(newer)}, "msg_2", timestamp(at), both, "{}", false},
		"nothing":             {[][]byte{key(newer)}, "msg_1", timestamp(at), "v1, v2 v1a", "{}", false},
		"id with a full stop": {[][]byte{key(newer)}, "msg.1", timestamp(at), signatures("msg.1", at, body, []Secret{newer}), "{}", false},
	} {
		if got := Verify(c.keys, c.id, c.time, c.list, []byte(c.body)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSignatures_TwoSecrets_EitherVerifiesAndTheNewestIsFirst(t *testing.T) {
	newer, older := NewSecret(), mustSecret(t, knownSecret)
	at, body := time.Now(), []byte(`{}`)
	both := signatures("msg_1", at, body, []Secret{newer, older})
	if first := signatures("msg_1", at, body, []Secret{newer}); !strings.HasPrefix(both, first+" ") {
		t.Errorf("signatures = %s, which does not start with that of the newest secret, %s", both, first)
	}
	header := http.Header{}
	header.Set(HeaderID, "msg_1")
	header.Set(HeaderTimestamp, timestamp(at))
	header.Set(HeaderSignature, both)
	for name, c := range map[string]struct {
		secret Secret
		body   string
		ok     bool
	}{
		"the newer": {newer, "{}", true}, "the older": {older, "{}", true}, "another": {NewSecret(), "{}", false}, "other bytes": {newer, "{ }", false},
	} {
		verifier, err := standardwebhooks.NewWebhook(c.secret.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.Verify([]byte(c.body), header); (err == nil) != c.ok {
			t.Errorf("with %s the library says %v", name, err)
		}
	}
}

func TestNewSecret_IsReadBackAndNeverTheSame(t *testing.T) {
	one, other := NewSecret(), NewSecret()
	if one.Reveal() == other.Reveal() {
		t.Error("two new secrets are the same")
	}
	if got := mustSecret(t, one.Reveal()).Reveal(); got != one.Reveal() {
		t.Error("a new secret is not read back as it was written")
	}
	if len(*one.key) != newSecretBytes {
		t.Errorf("a new secret has %d bytes", len(*one.key))
	}
}

func TestParseSecret_WhatTheStandardDoesNotAllow_IsRefused(t *testing.T) {
	of := func(bytes int) string { return textOf(bytes) }
	cases := map[string]struct {
		text string
		ok   bool
	}{
		"24 bytes": {of(24), true}, "64 bytes": {of(64), true}, "23 bytes": {of(23), false}, "65 bytes": {of(65), false},
		"no prefix": {strings.TrimPrefix(of(32), secretPrefix), false}, "another prefix": {"whsk_" + of(32)[len(secretPrefix):], false},
		"empty": {"", false}, "prefix alone": {secretPrefix, false}, "no padding": {strings.TrimRight(of(32), "="), false},
		"alphabet of URLs": {secretPrefix + strings.Repeat("-_", 20), false}, "wrapped": {of(24)[:20] + "\n" + of(24)[20:], false},
	}
	for name, c := range cases {
		secret, err := ParseSecret(c.text)
		if (err == nil) != c.ok || secret.IsZero() == c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && len(c.text) > 20 && strings.Contains(err.Error(), c.text[10:]) {
			t.Errorf("%s: the error tells the secret: %v", name, err)
		}
	}
}

// textOf returns the text of a secret with as many bytes.
func textOf(bytes int) string {
	key := make([]byte, bytes)
	for i := range key {
		key[i] = byte(i + 100)
	}
	return secretOf(key).Reveal()
}

// shown returns what a value looks like in each way that programs print and encode things.
func shown(t *testing.T, value any) string {
	t.Helper()
	var log, out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", value)
		fmt.Fprintf(&out, verb+"\n", struct{ hidden any }{value})
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).LogAttrs(t.Context(), slog.LevelInfo, "x", slog.Any("value", value))
	}
	encoded, err := json.Marshal(map[string]any{"value": value})
	if err != nil {
		t.Fatal(err)
	}
	return out.String() + log.String() + string(encoded)
}

func TestSecret_PrintedLoggedOrEncoded_IsRedacted(t *testing.T) {
	secret := mustSecret(t, knownSecret)
	text := shown(t, secret) + shown(t, Delivery{Secrets: []Secret{secret}}) + shown(t, struct{ secret Secret }{secret})
	key := *secret.key
	for _, leak := range []string{knownSecret[6:], key, fmt.Sprintf("%x", key), strings.Trim(fmt.Sprintf("%d", []byte(key)), "[]")} {
		if strings.Contains(strings.ToLower(text), strings.ToLower(leak)) {
			t.Errorf("the secret is shown as %q", leak)
		}
	}
	if !strings.Contains(text, redacted) {
		t.Error("nothing says that a secret was left out")
	}
}

func FuzzParseSecret(f *testing.F) {
	f.Add(knownSecret)
	f.Add("whsec_")
	f.Add("whsec_AA==")
	f.Fuzz(func(t *testing.T, text string) {
		secret, err := ParseSecret(text)
		if err != nil {
			return
		}
		if secret.Reveal() != text {
			t.Fatalf("%q is written back as %q", text, secret.Reveal())
		}
	})
}
