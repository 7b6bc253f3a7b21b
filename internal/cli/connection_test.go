package cli_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli"
)

// check are the arguments of a check that is allowed.
func check(more ...string) []string {
	return append([]string{"check", "anna@firma.example", "--channel", "newsletter"}, more...)
}

func TestAPIKey_ComesFromTheFirstPlaceThatHasOne(t *testing.T) {
	f := startFake(t)
	one, two := file(t, "one", "key-one\n"), file(t, "two", "key-two")
	for _, c := range []struct {
		name string
		env  map[string]string
		args []string
		want string
	}{
		{"none", nil, nil, ""},
		{"flag over variables", map[string]string{"ASSENT_API_KEY": "key", "ASSENT_API_KEY_FILE": two}, []string{"--api-key-file", one}, "Bearer key-one"},
		{"variable with the key", map[string]string{"ASSENT_API_KEY": "key", "ASSENT_API_KEY_FILE": two}, nil, "Bearer key"},
		{"variable with a file", map[string]string{"ASSENT_API_KEY_FILE": two}, nil, "Bearer key-two"},
	} {
		runIn(t, cli.Surroundings{Env: c.env}, check(append(c.args, "--server", f.address)...)...).must(t, 0)
		if got := strings.Join(f.headers.Get("authorization"), ","); got != c.want {
			t.Errorf("%s: sent %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAPIKey_Unusable_IsRefusedWithoutShowingIt(t *testing.T) {
	f := startFake(t)
	for name, env := range map[string]map[string]string{
		"two lines":  {"ASSENT_API_KEY": "s3cret\ns3cret"},
		"empty file": {"ASSENT_API_KEY_FILE": file(t, "empty", " \n")},
		"no file":    {"ASSENT_API_KEY_FILE": filepath.Join(t.TempDir(), "none")},
	} {
		got := runIn(t, cli.Surroundings{Env: env}, check("--server", f.address)...).must(t, 1)
		if !strings.HasPrefix(got.stderr, "assent: API key: ") || strings.Contains(got.stderr, "s3cret") {
			t.Errorf("%s: %s", name, got.stderr)
		}
	}
	if len(f.calls) != 0 {
		t.Error("the server was asked without the key")
	}
}

func TestServer_FlagGoesOverVariable(t *testing.T) {
	f := startFake(t)
	runIn(t, cli.Surroundings{Env: map[string]string{"ASSENT_SERVER": "127.0.0.1:1"}}, check("--server", f.address)...).must(t, 0)
}

func TestLanguage_IsSent(t *testing.T) {
	f := startFake(t)
	f.run(t, check("--language", "de")...).must(t, 0)
	if got := f.headers.Get("accept-language"); len(got) != 1 || got[0] != "de" {
		t.Errorf("accept-language %q", got)
	}
}

// testTLS returns a certificate for 127.0.0.1 and a file to trust it by.
func testTLS(t *testing.T) (settings *tls.Config, caFile string) {
	t.Helper()
	web := httptest.NewTLSServer(nil)
	defer web.Close()
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	return &tls.Config{Certificates: web.TLS.Certificates}, file(t, "ca.pem", string(block))
}

func TestTransport_PlainOnLoopbackUnlessAskedOtherwise(t *testing.T) {
	settings, ca := testTLS(t)
	secure, plain := startFakeWith(t, settings), startFake(t)
	secure.run(t, check("--tls-ca", ca)...).must(t, 0)
	runIn(t, cli.Surroundings{Env: map[string]string{"ASSENT_TLS_CA": ca}}, check("--server", secure.address)...).must(t, 0)
	plain.run(t, check()...).must(t, 0)
	plain.run(t, check("--insecure")...).must(t, 0)
	if got := secure.run(t, check("--tls")...); !strings.Contains(got.stderr, "cannot be reached: certificate signed by unknown authority") ||
		strings.Contains(got.stderr, `\`) {
		t.Errorf("stderr %q", got.stderr)
	}
	if got := secure.run(t, check()...); !strings.HasSuffix(got.stderr, "; if it expects TLS, give --tls or --tls-ca\n") {
		t.Errorf("stderr %q", got.stderr)
	}
	for name, got := range map[string]result{
		"a certificate that the system does not know": secure.run(t, check("--tls")...),
		"plain text to TLS":                           secure.run(t, check()...),
		"TLS to plain text":                           plain.run(t, check("--tls")...),
		"no certificate in the file":                  secure.run(t, check("--tls-ca", file(t, "ca.pem", "none"))...),
		"no file":                                     secure.run(t, check("--tls-ca", "no/such/file")...),
	} {
		if got.code != 1 || strings.Count(got.stderr, "\n") != 1 || !strings.HasPrefix(got.stderr, "assent: ") {
			t.Errorf("%s: exit %d, stderr %q", name, got.code, got.stderr)
		}
	}
}

func TestTransport_BeyondLoopback_IsTLSUnlessInsecure(t *testing.T) {
	// A name that resolves to loopback is still not known to be this machine:
	// the server, which speaks plain text, gets a TLS hello.
	f := startFake(t)
	_, port, _ := strings.Cut(f.address, ":")
	address := "0.0.0.0:" + port
	got := run(t, check("--server", address)...).must(t, 1)
	if !strings.Contains(got.stderr, "cannot be reached") || len(f.calls) != 0 {
		t.Errorf("stderr %q after %d calls", got.stderr, len(f.calls))
	}
	run(t, check("--server", address, "--insecure")...).must(t, 0)
}

func TestErrors_SayReasonAndFieldsAndNothingElse(t *testing.T) {
	f := startFake(t)
	for _, c := range []struct {
		err  error
		want string
	}{
		{
			failure(codes.InvalidArgument, "INVALID_ADDRESS", "the address is not valid", "address: it has no domain", "channel: it is too long"),
			"assent: INVALID_ADDRESS: the address is not valid\n  address: it has no domain\n  channel: it is too long\n",
		},
		{
			failure(codes.InvalidArgument, "INVALID_ADDRESS", "address: it has no @", "address: it has no @"),
			"assent: INVALID_ADDRESS: address: it has no @\n",
		},
		{
			failure(codes.Unauthenticated, "KEY_MISSING", "an API key is needed"),
			"assent: KEY_MISSING: an API key is needed (no API key was given: set ASSENT_API_KEY_FILE or --api-key-file)\n",
		},
		{failure(codes.Unavailable, "SERVER_STOPPING", "the server stops"), "assent: SERVER_STOPPING: the server stops\n"},
		{status.Error(codes.Internal, "internal error 17\n\x1b[31mgoroutine 1"), "assent: Internal: internal error 17; \ufffd[31mgoroutine 1\n"},
		{status.Error(codes.DeadlineExceeded, "late"), "assent: the server at " + f.address + " did not answer in time; --timeout gives it more\n"},
	} {
		f.answer = func(proto.Message) (proto.Message, error) { return nil, c.err }
		got := f.run(t, check()...).must(t, 1)
		if got.stderr != c.want || got.stdout != "" {
			t.Errorf("stderr %q, want %q; stdout %q", got.stderr, c.want, got.stdout)
		}
	}
}

func TestErrors_NoServer_SaysWhere(t *testing.T) {
	got := run(t, check("--server", "127.0.0.1:1")...).must(t, 1)
	if got.stderr != "assent: the server at 127.0.0.1:1 cannot be reached: connection refused\n" {
		t.Errorf("stderr %q", got.stderr)
	}
}

func TestTimeout_EndsACallThatIsNotAnswered(t *testing.T) {
	f := startFake(t)
	release := make(chan struct{})
	f.answer = func(proto.Message) (proto.Message, error) {
		<-release
		return &assentv1.CheckConsentResponse{}, nil
	}
	got := f.run(t, check("--timeout", "20ms")...).must(t, 1)
	close(release)
	if !strings.Contains(got.stderr, "did not answer in time") {
		t.Errorf("stderr %q", got.stderr)
	}
}

func TestInterrupt_EndsTheCommandWithOneLine(t *testing.T) {
	f := startFake(t)
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	f.answer = func(proto.Message) (proto.Message, error) {
		cancel()
		<-release
		return &assentv1.CheckConsentResponse{}, nil
	}
	var stdout, stderr strings.Builder
	code := cli.Run(ctx, check("--server", f.address), func(string) (string, bool) { return "", false }, strings.NewReader(""), &stdout, &stderr)
	close(release)
	if code != 130 || stderr.String() != "assent: interrupted\n" {
		t.Errorf("exit %d, stderr %q", code, stderr.String())
	}
}

func TestConnectionFlags_BelongToClientsOnly(t *testing.T) {
	for _, command := range []string{
		"test x", "catalog lint x", "migrate status", "migrate up", "keys show", "serve", "demo", "version", "ledger rebuild",
	} {
		args := append(strings.Fields(command), "--timeout", "1s")
		if got := run(t, args...).must(t, 2); !strings.HasPrefix(got.stderr, "assent: unknown flag: --timeout\n") {
			t.Errorf("%v: stderr %q", args, got.stderr)
		}
	}
	for _, command := range []string{
		"check", "grant", "request", "confirm", "withdraw", "import consents", "suppressions add", "suppressions lift", "history", "history disclosures", "lookup",
		"catalog apply", "catalog get", "clients create", "clients list", "clients revoke", "retention run",
	} {
		help := run(t, append(strings.Fields(command), "--help")...).must(t, 0).stdout
		for _, flag := range []string{"--server", "--api-key-file", "--tls", "--tls-ca", "--insecure", "--timeout", "--language"} {
			if !strings.Contains(help, flag+" ") {
				t.Errorf("%s has no %s", command, flag)
			}
		}
	}
}
