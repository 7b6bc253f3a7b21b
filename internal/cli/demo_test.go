package cli_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/server"
)

// answerDemo answers the calls of a demo about sends, contacts, mails and cases.
func answerDemo(in proto.Message) (proto.Message, error) {
	switch in := in.(type) {
	case *assentv1.CreateSendRequest:
		return &assentv1.CreateSendResponse{Send: &assentv1.Send{Id: in.GetId(), Department: "department-of-" + in.GetChannel()}}, nil
	case *assentv1.ReportSentRequest:
		return &assentv1.ReportSentResponse{Changed: true}, nil
	case *assentv1.SubmitMailRequest:
		return &assentv1.SubmitMailResponse{Kind: "inquiry", Case: &assentv1.MailCase{Id: "2026-000123", Outcome: "opened"}}, nil
	case *assentv1.GetCaseRequest:
		return answerCases(in)
	default:
		return nil, nil
	}
}

// demoServer serves the fake until the context ends.
func demoServer(t *testing.T, f *fake) cli.Local {
	t.Helper()
	f.answer = answerDemo
	return cli.Local{Serve: func(ctx context.Context, cfg config.Server, _ *slog.Logger, ready func(server.Addresses)) error {
		path, ok := cfg.SQLitePath()
		if _, err := os.Stat(filepath.Dir(path)); err != nil || !ok || !cfg.Open || cfg.Catalog != "" || cfg.LogLevel != slog.LevelWarn {
			t.Errorf("%+v, %v", cfg, err)
		}
		ready(server.Addresses{GRPC: f.address, HTTP: "127.0.0.1:8080"})
		<-ctx.Done()
		return nil
	}}
}

func TestDemo_Once_ShowsTheTableAndEnds(t *testing.T) {
	f := startFake(t)
	env := map[string]string{"ASSENT_DATABASE_URL": "postgres://h/d", "ASSENT_SERVER": "127.0.0.1:1", "ASSENT_API_KEY": "real"}
	got := runIn(t, cli.Surroundings{Local: demoServer(t, f), Env: env}, "demo", "--once").must(t, 0)
	if !strings.Contains(got.stdout, "DENY   WITHDRAWN\n") && !strings.Contains(got.stdout, "ALLOW  ALLOW_CONSENT\n") {
		t.Errorf("stdout %q", got.stdout)
	}
	if !strings.Contains(got.stderr, "50552 events") || !strings.Contains(got.stderr, "21013 addresses") || strings.Contains(got.stderr, "Ctrl-C") {
		t.Errorf("stderr %q", got.stderr)
	}
	for _, want := range []string{
		"department-of-newsletter and new-machines of department-of-product-marketing", "new-machines meets 21016 recipients; 7 of them left marketing not long ago\n",
		"anna@example.at   ALLOW  ALLOW_CONSENT     who agreed", "2026-000123 at the desk of marketing, which sent; the answer is due at 2026-10-02T08:00:00Z (answer_within:P1D)",
	} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("stderr lacks %q:\n%s", want, got.stderr)
		}
	}
	if i := slices.IndexFunc(f.calls, func(in proto.Message) bool { _, is := in.(*assentv1.ReportSentRequest); return is }); i < 0 {
		t.Error("what was sent was not reported")
	}
	if mails := f.submitted(); len(mails) != 1 || !strings.Contains(mails[0], "From: Anna <anna@example.at>\r\n") {
		t.Errorf("mails %q", mails)
	}
	if len(f.headers.Get("authorization")) != 0 {
		t.Error("the demo was sent the key of a real server")
	}
	if plain, keyed := f.consumers[0], f.consumers[1]; len(f.consumers) != 2 || plain.GetForm() != "plain" || keyed.GetForm() != "keyed" ||
		plain.GetClient() != "demo" || strings.Join(append(plain.GetChannels(), keyed.GetChannels()...), " ") != "newsletter newsletter" {
		t.Errorf("consumers %v", f.consumers)
	}
	f = startFake(t)
	all := decode[map[string]any](t, runIn(t, cli.Surroundings{Local: demoServer(t, f)}, "demo", "--once", "--format", "json").must(t, 0).stdout)
	if all["addresses"] != 21013.0 || all["asOf"] != "2026-10-01T08:00:00Z" {
		t.Errorf("%v", all)
	}
}

func TestDemo_ServesUntilInterrupted(t *testing.T) {
	f := startFake(t)
	ctx, interrupt := context.WithCancel(t.Context())
	from, to := io.Pipe()
	text := make(chan string)
	var key string
	keyFile := regexp.MustCompile(`--key-file (\S+)`)
	go func() {
		var all strings.Builder
		buffer := make([]byte, 4096)
		for {
			n, err := from.Read(buffer)
			all.Write(buffer[:n])
			if found := keyFile.FindStringSubmatch(all.String()); found != nil && key == "" && strings.Contains(all.String(), "Add --server") {
				data, err := os.ReadFile(found[1])
				if err != nil {
					t.Error(err)
				}
				key = string(data)
				interrupt()
			}
			if err != nil {
				text <- all.String()
				return
			}
		}
	}()
	code := cli.RunIn(ctx, cli.Surroundings{Local: demoServer(t, f), Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: to}, "demo")
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	all := <-text
	if code != 0 || !strings.Contains(all, "Add --server "+f.address) || !strings.Contains(all, "assent cases show 2026-000123\n") {
		t.Errorf("exit %d, stderr %q", code, all)
	}
	if page := regexp.MustCompile(`(http://127\.0\.0\.1:8080/u/\S+)\n  curl -s (\S+) -d List-Unsubscribe=One-Click`).FindStringSubmatch(all); page == nil || page[1] != page[2] {
		t.Errorf("it does not say how to try the link of a message: %q", all)
	}
	for _, c := range f.consumers {
		if !strings.Contains(all, "--consumer "+c.GetId()) {
			t.Errorf("it does not say how to read as %s: %q", c.GetId(), all)
		}
	}
	if key != "key-of-newsletter-agency\n" {
		t.Errorf("the key file that it names has %q", key)
	}
}

func TestDemo_ServerFails_IsItsError(t *testing.T) {
	broken := cli.Local{Serve: func(context.Context, config.Server, *slog.Logger, func(server.Addresses)) error {
		return errors.New("the port is taken")
	}}
	if got := runIn(t, cli.Surroundings{Local: broken}, "demo").must(t, 1); got.stderr != "assent: the port is taken\n" {
		t.Errorf("stderr %q", got.stderr)
	}
	if got := runIn(t, cli.Surroundings{Local: broken}, "demo", "--grpc-address", "0.0.0.0:1").must(t, 2); got.stdout != "" {
		t.Errorf("stdout %q", got.stdout)
	}
}

func TestDemo_TakesItsSettingsFromTheEnvironment_AndNoOthers(t *testing.T) {
	var got config.Server
	in := cli.Surroundings{
		Local: cli.Local{Serve: func(_ context.Context, cfg config.Server, _ *slog.Logger, _ func(server.Addresses)) error {
			got = cfg
			return nil
		}},
		Env: map[string]string{
			"ASSENT_GRPC_ADDRESS": "127.0.0.1:1", "ASSENT_HTTP_ADDRESS": "127.0.0.1:2", "ASSENT_LOG_LEVEL": "debug",
			"ASSENT_LOG_FORMAT": "json", "ASSENT_DATABASE_URL": "postgres://h/d", "ASSENT_CATALOG": "c.yaml", "ASSENT_KEYS": "k",
			"ASSENT_CONFIG": "no/such/file", "ASSENT_TLS_CERT": "c.pem",
		},
	}
	runIn(t, in, "demo", "--http-address", "127.0.0.1:3").must(t, 0)
	if _, embedded := got.SQLitePath(); !embedded || got.Keys == "k" {
		t.Errorf("the database is not the demo's own: %+v", got)
	}
	got.DatabaseURL, got.Keys = config.Secret{}, ""
	want := config.Server{
		GRPCAddress: "127.0.0.1:1", HTTPAddress: "127.0.0.1:3", LogLevel: slog.LevelDebug, LogFormat: config.LogJSON, Open: true,
		CheckpointInterval: time.Hour, FeedKeeps: period.Months(12), AllowPrivateWebhooks: true, UnsubscribeAddresses: []string{"leave@acme.example"}, ImportMaxBytes: 4 << 30,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	help := run(t, "demo", "--help").must(t, 0).stdout
	if strings.Contains(help, "ASSENT_CONFIG") || !strings.Contains(help, "ASSENT_LOG_LEVEL) (default \"warn\")") {
		t.Errorf("help: %s", help)
	}
}
