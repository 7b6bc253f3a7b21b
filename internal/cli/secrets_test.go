package cli_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/cli"
)

// secretParts are what no output may hold: the secrets of this test are made of them, so that a part of one is found as well.
func secretParts() []string { return []string{"Vq7Head", "Zk3Tail"} }

// secretCase is a command that fails while its settings hold a secret.
type secretCase struct {
	args []string
	env  map[string]string
	says string // on stderr
}

// refusedAddress is an address on this machine that refuses connections.
func refusedAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String()
}

// databaseURLs are URLs with a secret, each with what the error of a command that uses it says.
func databaseURLs(refused string) map[string]string {
	urls := map[string]string{
		"postgres://assent:Vq7HeadZk3Tail@" + refused + "/assent":                   "connection refused",
		"postgres://assent:Vq7Head%40%2F%23%20Zk3Tail@" + refused + "/assent":       "connection refused",
		"postgres://assent@" + refused + "/assent?password=Vq7Head%26Zk3Tail":       "connection refused",
		"postgres://assent:Vq7HeadZk3Tail@unknown.invalid/assent":                   "unknown.invalid",
		"postgres://assent:Vq7HeadZk3Tail@127.0.0.1:port/assent":                    "percent-encoded",
		"postgres://assent:Vq7HeadZk3Tail@127.0.0.1/assent?sslmode=wrong":           "sslmode",
		"postgres://assent:Vq7Head%40Zk3Tail@127.0.0.1/assent?connect_timeout=soon": "connect_timeout",
		"mysql://assent:Vq7HeadZk3Tail@127.0.0.1/assent":                            "postgres://USER:PASSWORD@HOST/DATABASE",
		"host=127.0.0.1 user=assent password=Vq7HeadZk3Tail":                        "postgres://USER:PASSWORD@HOST/DATABASE",
	}
	for _, sign := range []string{"@", "/", "?", "#", " ", "%", "["} {
		urls["postgres://assent:Vq7Head"+sign+"Zk3Tail@"+refused+"/assent"] = "percent-encoded"
	}
	return urls
}

func databaseCases(t *testing.T) []secretCase {
	t.Helper()
	keys := filepath.Join(t.TempDir(), "assent.keys")
	run(t, "keys", "create", "--keys", keys).must(t, 0)
	serve := []string{"serve", "--grpc-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0", "--keys", keys}
	refused := refusedAddress(t)
	var cases []secretCase
	for url, says := range databaseURLs(refused) {
		for _, args := range [][]string{serve, append(serve, "--log-format", "json", "--log-level", "debug"), {"migrate", "up"}, {"migrate", "status"}} {
			cases = append(cases,
				secretCase{args, map[string]string{"ASSENT_DATABASE_URL": url}, says},
				secretCase{args, map[string]string{"ASSENT_DATABASE_URL_FILE": file(t, "url", url+"\n")}, says},
				secretCase{append(args[:len(args):len(args)], "--database-url", url), nil, says})
		}
	}
	url := "postgres://assent:Vq7HeadZk3Tail@" + refused + "/assent"
	return append(cases,
		secretCase{serve, map[string]string{"ASSENT_DATABASE_URL_FILE": url}, "ASSENT_DATABASE_URL_FILE"},
		secretCase{[]string{"config", "check"}, map[string]string{"ASSENT_DATABASE_URL_FILE": url}, "ASSENT_DATABASE_URL_FILE"},
		secretCase{[]string{"serve", url}, nil, "takes flags only"},
		secretCase{[]string{"migrate", "up", url}, nil, "takes flags only"},
		secretCase{append(serve, "--config", file(t, "a.yaml", "database_url: "+url+"\n")), nil, "connection refused"},
		secretCase{append(serve, "--config", file(t, "b.yaml", "database_url: ["+url+"\n")), nil, "b.yaml"},
		secretCase{append(serve, "--config", file(t, "c.yaml", "databaseurl: "+url+"\n")), nil, "c.yaml"})
}

func keyCases(t *testing.T) []secretCase {
	t.Helper()
	call := []string{"catalog", "get", "--server", refusedAddress(t), "--timeout", "2s"}
	key := "assent_ci_Vq7Head" + strings.Repeat("0", 50) + "Zk3Tail"
	broken := file(t, "broken.keys", "Vq7HeadZk3Tail\n")
	if err := os.Chmod(broken, 0o600); err != nil {
		t.Fatal(err)
	}
	local := []string{
		"serve", "--grpc-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0", "--keys", broken,
		"--database-url", "sqlite:" + filepath.Join(t.TempDir(), "assent.db"),
	}
	pem := "-----BEGIN PRIVATE KEY-----\nVq7HeadZk3Tail\n-----END PRIVATE KEY-----\n"
	return []secretCase{
		{call, map[string]string{"ASSENT_API_KEY": key}, "assent: "},
		{call, map[string]string{"ASSENT_API_KEY": key + " x"}, "ASSENT_API_KEY"},
		{call, map[string]string{"ASSENT_API_KEY_FILE": file(t, "key", key+"\n")}, "assent: "},
		{call, map[string]string{"ASSENT_API_KEY_FILE": file(t, "key", key+"\n\n"+key)}, "API key"},
		{call, map[string]string{"ASSENT_API_KEY_FILE": key}, "API key"},
		{append(call[:len(call):len(call)], "--api-key-file", key), nil, "API key"},
		{local, nil, "broken.keys"},
		{append(local, "--log-format", "json"), nil, "broken.keys"},
		{[]string{"config", "check", "--tls-cert", file(t, "tls.crt", pem), "--tls-key", file(t, "tls.key", pem)}, nil, "tls"},
	}
}

func TestCommands_SettingHoldsASecret_NoErrorPrintsAPartOfIt(t *testing.T) {
	t.Parallel()
	for _, c := range append(databaseCases(t), keyCases(t)...) {
		var out, errors strings.Builder
		env := func(name string) (string, bool) {
			value, ok := c.env[name]
			return value, ok
		}
		code := cli.Run(t.Context(), c.args, env, strings.NewReader(""), &out, &errors)
		printed := out.String() + errors.String()
		if code == 0 || !strings.Contains(printed, c.says) {
			t.Errorf("%q, %q: exit code %d, printed %q, want a failure that says %q", c.args, c.env, code, printed, c.says)
		}
		for _, part := range secretParts() {
			if strings.Contains(printed, part) {
				t.Errorf("%q, %q: the output holds %s: %s", c.args, c.env, part, printed)
			}
		}
	}
}
