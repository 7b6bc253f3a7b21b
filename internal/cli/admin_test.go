package cli_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/examples"
	"github.com/assent-io/assent/internal/cli"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/service/audit"
)

func TestCatalog_ApplyGetAndApplyAgain(t *testing.T) {
	f := startFake(t)
	if got := f.run(t, "catalog", "get").must(t, 1); got.stderr != "assent: NO_CATALOG: no catalog was applied yet\n" {
		t.Errorf("stderr %q", got.stderr)
	}
	path := file(t, "catalog.yaml", "channels: []\n")
	dry := f.run(t, "catalog", "apply", path, "--dry-run").must(t, 0)
	if dry.stdout != "valid: it could be applied\n" || dry.stderr != "warning: modern looks like modem\n" || f.document != "" {
		t.Errorf("stdout %q, stderr %q", dry.stdout, dry.stderr)
	}
	if got := f.run(t, "catalog", "apply", path).must(t, 0); got.stdout != "version 1, etag e1, recorded at position 1\n" {
		t.Errorf("stdout %q", got.stdout)
	}
	if got := f.run(t, "catalog", "get").must(t, 0); got.stdout != "channels: []\n" || got.stderr != "version 1, etag e1\n" {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	if got := f.runWith(t, f.document, "catalog", "apply", "-", "--etag", "e1").must(t, 0); !strings.HasPrefix(got.stdout, "unchanged") {
		t.Errorf("stdout %q", got.stdout)
	}
	if got := f.run(t, "catalog", "apply", path, "--etag", "e0").must(t, 1); !strings.HasPrefix(got.stderr, "assent: ETAG_MISMATCH: ") {
		t.Errorf("stderr %q", got.stderr)
	}
	wrong := file(t, "catalog.yaml", "wrong: 1\n")
	got := f.run(t, "catalog", "apply", wrong).must(t, 1)
	want := "assent: INVALID_CATALOG: the catalog has 2 problems\n  " + wrong + ":1: unknown key wrong\n  " + wrong + ":7: channels: they are missing\n"
	if got.stderr != want {
		t.Errorf("stderr %q, want %q", got.stderr, want)
	}
	f.run(t, "catalog", "apply", path, "--request-id", requestID, "--format", "json").must(t, 0)
	if id := last[*assentv1.ApplyCatalogRequest](t, f).GetRequestId(); id != requestID {
		t.Errorf("request id %q", id)
	}
	f.run(t, "catalog", "apply", file(t, "catalog.yaml", strings.Repeat("#", 1<<20+1))).must(t, 1)
	f.run(t, "catalog", "get", "--version", "1", "--format", "json").must(t, 0)
}

func TestCatalogLint_SaysWhereAndNeedsNoServer(t *testing.T) {
	good, err := examples.Files.ReadFile("catalogs/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	path := file(t, "good.yaml", string(good))
	if got := run(t, "catalog", "lint", path).must(t, 0); got.stdout != "" {
		t.Errorf("stdout %q", got.stdout)
	}
	bad := file(t, "bad.yaml", string(good)+"\nchanels: []\n")
	got := run(t, "catalog", "lint", path, bad).must(t, 1)
	if !strings.HasPrefix(got.stdout, bad+":") || !strings.Contains(got.stdout, "chanels") || strings.Count(got.stdout, "\n") != 1 {
		t.Errorf("stdout %q", got.stdout)
	}
	all := decode[struct {
		Problems, Warnings []struct {
			File, Path, Message string
			Line                int
		}
	}](t, run(t, "catalog", "lint", bad, "--format", "json").must(t, 1).stdout)
	if len(all.Problems) != 1 || all.Problems[0].File != bad || all.Problems[0].Line != strings.Count(string(good), "\n")+2 || all.Warnings == nil {
		t.Errorf("%+v", all)
	}
	run(t, "catalog", "lint", "no/such/file").must(t, 1)
}

func TestClients_CreateListRevoke(t *testing.T) {
	f := startFake(t)
	got := f.run(t, "clients", "create", "--id", "shop", "--department", "sales", "--scope", "check,record", "--list", "ecg").must(t, 0)
	if got.stdout != "key-of-shop\n" || !strings.Contains(got.stderr, "cannot be shown again") {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	same(t, &assentv1.CreateClientRequest{Id: "shop", Department: "sales", Scopes: []string{"check", "record"}, Lists: []string{"ecg"}},
		last[*assentv1.CreateClientRequest](t, f))
	f.run(t, "clients", "create", "--id", "root", "--role", "admin", "--format", "json").must(t, 0)
	same(t, &assentv1.CreateClientRequest{Id: "root", Role: "admin", AllDepartments: true}, last[*assentv1.CreateClientRequest](t, f))
	f.run(t, "clients", "create", "--id", "shop", "--role", "sender", "--all-departments").must(t, 1)
	f.run(t, "clients", "revoke", "shop", "--yes").must(t, 0)
	f.run(t, "clients", "revoke", "nobody", "--yes").must(t, 1)
	golden(t, "clients.txt", f.run(t, "clients", "list").must(t, 0).stdout)
	all := decode[struct {
		Clients       []map[string]any
		NextPageToken string
	}](t, f.run(t, "clients", "list", "--format", "json").must(t, 0).stdout)
	if len(all.Clients) != 2 {
		t.Errorf("%d clients", len(all.Clients))
	}
}

func TestConfirmation_IsAskedOnATerminal(t *testing.T) {
	f := startFake(t)
	f.run(t, "clients", "create", "--id", "shop", "--role", "sender", "--all-departments").must(t, 0)
	for _, c := range []struct {
		answer  string
		code    int
		revoked bool
	}{{"", 1, false}, {"n\n", 1, false}, {"yes", 0, true}, {"Y\n", 0, true}} {
		f.clients[0].RevokedTime = nil
		got := runIn(t, cli.Surroundings{Terminal: true, Stdin: strings.NewReader(c.answer), Env: map[string]string{"ASSENT_SERVER": f.address}},
			"clients", "revoke", "shop").must(t, c.code)
		if !strings.HasPrefix(got.stderr, "End the keys of shop for ever? [y/N] ") || (f.clients[0].RevokedTime != nil) != c.revoked {
			t.Errorf("%q: stderr %q", c.answer, got.stderr)
		}
	}
}

// localFake answers in the place of a database.
func localFake(t *testing.T, want config.Server) cli.Local {
	t.Helper()
	check := func(cfg config.Server) {
		if diff := cmp.Diff(want, cfg); diff != "" {
			t.Error(diff)
		}
	}
	return cli.Local{
		Serve: func(ctx context.Context, cfg config.Server, log *slog.Logger, ready func(server.Addresses)) error {
			check(cfg)
			ready(server.Addresses{GRPC: "127.0.0.1:1", HTTP: "127.0.0.1:2", LMTP: "127.0.0.1:3"})
			log.LogAttrs(ctx, slog.LevelDebug, "not at this level")
			return nil
		},
		CreateClient: func(_ context.Context, cfg config.Server, in *assentv1.CreateClientRequest) (*assentv1.CreateClientResponse, error) {
			check(cfg)
			return &assentv1.CreateClientResponse{Client: &assentv1.Client{Id: in.GetId(), AllDepartments: in.GetAllDepartments()}, ApiKey: "local-key"}, nil
		},
		MigrateUp: func(_ context.Context, cfg config.Server) (server.Schema, error) {
			check(cfg)
			return server.Schema{Version: 3, Latest: 3}, nil
		},
		MigrateDown: func(_ context.Context, cfg config.Server, steps int) (server.Schema, error) {
			check(cfg)
			return server.Schema{Version: uint(3 - steps), Latest: 3}, nil
		},
		MigrateStatus: func(_ context.Context, cfg config.Server) (server.Schema, error) {
			check(cfg)
			return server.Schema{Version: 4, Latest: 3, Dirty: true}, nil
		},
		RebuildLedger: func(_ context.Context, cfg config.Server, done func(int)) (audit.RebuildReport, error) {
			check(cfg)
			done(1)
			return audit.RebuildReport{Subjects: 2, Differed: 1}, nil
		},
		VerifyLedger: func(_ context.Context, cfg config.Server, checkpoints []audit.KeptCheckpoint, done func(int64)) (cli.Verified, error) {
			check(cfg)
			done(1)
			return cli.Verified{Events: 9, Subjects: 2, EvidenceDeleted: 1, Found: 4, Findings: []cli.VerifyFinding{
				{Kind: "ALTERED", From: 7, To: 7, Message: "a"},
				{Kind: "MISSING", From: 2, To: 3, Subject: "ab", Message: "b"},
				{Kind: "CHECKPOINT", Message: fmt.Sprintf("%s", checkpoints)},
			}}, nil
		},
		Purge: func(_ context.Context, cfg config.Server) error {
			check(cfg)
			return nil
		},
	}
}

func TestLocalCommands_GetTheSettings_AndShowWhatComesOfIt(t *testing.T) {
	const url = "postgres://u:s3cret@h/d"
	kept := filepath.Join(t.TempDir(), "kept")
	if err := os.WriteFile(kept, []byte("note"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := config.Server{
		DatabaseURL: config.NewSecret(url), GRPCAddress: "127.0.0.1:50051", HTTPAddress: "127.0.0.1:8080", Keys: "k", LogLevel: slog.LevelWarn,
		LogFormat: config.LogText, CheckpointInterval: time.Hour, FeedKeeps: period.Months(12), ImportMaxBytes: 4 << 30,
	}
	in := cli.Surroundings{
		Env:   map[string]string{"ASSENT_KEYS": "k", "ASSENT_LOG_LEVEL": "warn", "ASSENT_DATABASE_URL": "sqlite:other.db"},
		Local: localFake(t, want),
	}
	for _, c := range []struct {
		args   []string
		code   int
		stdout string
	}{
		{[]string{"serve"}, 0, ""},
		{[]string{"migrate", "up"}, 0, "version 3 of 3: up to date\n"},
		{[]string{"migrate", "down", "--yes", "--steps", "2"}, 0, "version 1 of 3: older than this program\n"},
		{[]string{"migrate", "down", "--yes", "--steps", "0"}, 2, ""},
		{[]string{"migrate", "status"}, 1, "version 4 of 3: a migration stopped halfway\n"},
		{[]string{"migrate", "up", "--format", "json"}, 0, "{\n  \"version\": 3,\n  \"latest\": 3,\n  \"dirty\": false\n}\n"},
		{[]string{"ledger", "rebuild"}, 1, "2 subjects, 1 differed\n"},
		{
			[]string{"ledger", "verify", "--checkpoint", kept, "--checkpoint", kept},
			1,
			"ALTERED at position 7: a\nMISSING at positions 2 to 3 of subject ab: b\nCHECKPOINT: [{" + kept + " note} {" + kept + " note}]\n" +
				"and 1 finding more\n9 events, the evidence of 1 deleted (1 by erasure, 0 by retention), 2 subjects, 4 findings\n",
		},
		{[]string{"ledger", "verify", "--checkpoint", kept + "x"}, 1, ""},
		{[]string{"ledger", "purge"}, 0, "purged: the free pages of the database have no erased data\n"},
		{[]string{"ledger", "purge", "--format", "json"}, 0, "{\n  \"purged\": true\n}\n"},
		{[]string{"ledger", "rebuild", "--format", "json"}, 1, "{\n  \"subjects\": 2,\n  \"differed\": 1\n}\n"},
		{[]string{"clients", "create", "--local", "--id", "root", "--role", "admin"}, 0, "local-key\n"},
	} {
		got := runIn(t, in, append(c.args, "--database-url", url)...).must(t, c.code)
		if got.stdout != c.stdout || strings.Contains(got.stderr, "s3cret") {
			t.Errorf("%v: stdout %q, stderr %q", c.args, got.stdout, got.stderr)
		}
	}
}

func TestServe_LogsAsTold(t *testing.T) {
	want := config.Server{
		DatabaseURL: config.NewSecret("sqlite:x.db"), GRPCAddress: "127.0.0.1:50051", HTTPAddress: "127.0.0.1:8080", Keys: "x.db.keys",
		LogLevel: slog.LevelInfo, LogFormat: config.LogJSON, CheckpointInterval: time.Hour, FeedKeeps: period.Months(12), ImportMaxBytes: 4 << 30,
	}
	got := runIn(t, cli.Surroundings{Local: localFake(t, want)}, "serve", "--log-format", "json", "--database-url", "sqlite:x.db").must(t, 0)
	first, second, _ := strings.Cut(got.stderr, "\n")
	starting := decode[struct{ Time, Level, Msg, Version, Go string }](t, first)
	version := decode[map[string]string](t, run(t, "version", "--format", "json").must(t, 0).stdout)
	if starting.Msg != "starting" || starting.Version != version["version"] || starting.Go != version["goVersion"] {
		t.Errorf("the first line is %s, want the version %v", first, version)
	}
	line := decode[struct {
		Time, Level, Msg string
		GRPCAddress      string `json:"grpc_address"`
		HTTPAddress      string `json:"http_address"`
		LMTPAddress      string `json:"lmtp_address"`
	}](t, second)
	if line.Msg != "serving" || line.GRPCAddress != "127.0.0.1:1" || line.HTTPAddress != "127.0.0.1:2" || line.LMTPAddress != "127.0.0.1:3" || got.stdout != "" {
		t.Errorf("%+v, stdout %q", line, got.stdout)
	}
}

func TestKeys_CreateAndShow_NeverReplaceAndNeverShowKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "assent.keyset")
	created := run(t, "keys", "create", "--if-missing", "--keys", path).must(t, 0)
	if again := run(t, "keys", "create", "--if-missing", "--keys", path).must(t, 0); again.stdout != created.stdout {
		t.Errorf("--if-missing of a file that is there: %q, want %q", again.stdout, created.stdout)
	}
	shown := run(t, "keys", "show", "--keys", path).must(t, 0)
	if created.stdout != shown.stdout || !strings.HasPrefix(shown.stdout, path+": store ") || !strings.Contains(created.stderr, "Keep a copy") {
		t.Errorf("created %q, shown %q", created.stdout, shown.stdout)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	before := read(t, path)
	again := run(t, "keys", "create", "--keys", path).must(t, 1)
	if again.stderr != "assent: the key file "+path+" already exists; nothing was changed\n" {
		t.Errorf("stderr %q", again.stderr)
	}
	if read(t, path) != before {
		t.Error("the key file was replaced")
	}
	all := decode[map[string]string](t, run(t, "keys", "show", "--keys", path, "--format", "json").must(t, 0).stdout)
	if all["file"] != path || !strings.Contains(shown.stdout, all["storeId"]) {
		t.Errorf("%v", all)
	}
	run(t, "keys", "show", "--keys", path+"x").must(t, 1)
}

func TestKeys_RotateInTwoStepsAndList_NeverShowKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "assent.keys")
	run(t, "keys", "create", "--keys", path).must(t, 0)
	if got := run(t, "keys", "rotate", "digest", "--keys", path, "--promote").must(t, 1); !strings.Contains(got.stderr, "add one first") {
		t.Errorf("stderr %q", got.stderr)
	}
	added := run(t, "keys", "rotate", "digest", "--keys", path).must(t, 0)
	if !strings.HasSuffix(added.stdout, ": next\n") || !strings.Contains(added.stderr, "assent keys rotate digest --promote --keys "+path+"\n") {
		t.Errorf("stdout %q, stderr %q", added.stdout, added.stderr)
	}
	run(t, "keys", "rotate", "digest", "--keys", path).must(t, 1)
	type key struct {
		File, Keyset, Use, Purpose, VerifierKey string

		ID uint32
	}
	promoted := decode[key](t, run(t, "keys", "rotate", "digest", "--promote", "--keys", path, "--format", "json").must(t, 0).stdout)
	if promoted.Use != "primary" || added.stdout != fmt.Sprintf("digest key %d: next\n", promoted.ID) {
		t.Errorf("promoted %+v, added %q", promoted, added.stdout)
	}
	run(t, "keys", "rotate", "signing", "--keys", path).must(t, 0)
	for _, args := range [][]string{{}, {"event"}, {"claims"}, {"digest", "master"}} {
		run(t, append([]string{"keys", "rotate", "--keys", path}, args...)...).must(t, 2)
	}
	listed := decode[struct {
		File, StoreID string
		Keys          []key
	}](t, run(t, "keys", "list", "--keys", path, "--format", "json").must(t, 0).stdout)
	var uses []string
	text := run(t, "keys", "list", "--keys", path).must(t, 0).stdout
	for _, k := range listed.Keys {
		uses = append(uses, k.Keyset+" "+k.Use)
		if k.Purpose == "" || (k.VerifierKey != "") != (k.Keyset == "signing") || !strings.Contains(text, fmt.Sprint(k.ID)) {
			t.Errorf("%+v in\n%s", k, text)
		}
	}
	want := []string{"master primary", "digest old", "digest primary", "event primary", "signing primary", "signing next"}
	if diff := cmp.Diff(want, uses); diff != "" {
		t.Errorf("keys list (-want +got):\n%s", diff)
	}
	if shown := run(t, "keys", "show", "--keys", path).must(t, 0); !strings.Contains(shown.stdout, listed.Keys[4].VerifierKey) {
		t.Errorf("keys show names another verifier key: %q", shown.stdout)
	}
	for _, value := range regexp.MustCompile(`"value": "([^"]+)"`).FindAllStringSubmatch(read(t, path), -1) {
		if strings.Contains(text, value[1]) {
			t.Error("a key is shown")
		}
	}
}

func TestKeysClaims_WritesTheOfficersFileOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "assent.keys")
	run(t, "keys", "create", "--keys", path).must(t, 0)
	out := filepath.Join(t.TempDir(), "officer.key")
	got := run(t, "keys", "claims", "--keys", path, "--out", out).must(t, 0)
	if !strings.HasPrefix(got.stdout, out+": claims key ") || strings.Contains(got.stderr, "earlier officer's file") {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	before := read(t, out)
	run(t, "keys", "claims", "--keys", path, "--out", out).must(t, 1)
	if read(t, out) != before {
		t.Error("the officer's file was replaced")
	}
	second := run(t, "keys", "claims", "--keys", path, "--out", out+"2").must(t, 0)
	if !strings.Contains(second.stderr, "Keep the earlier officer's file") {
		t.Errorf("stderr %q", second.stderr)
	}
	id := decode[struct {
		File, Out string
		ID        uint32
	}](t, run(t, "keys", "claims", "--keys", path, "--out", out+"3", "--format", "json").must(t, 0).stdout).ID
	if list := run(t, "keys", "list", "--keys", path).must(t, 0).stdout; !strings.Contains(list, fmt.Sprintf("claims   %-10d  primary", id)) {
		t.Errorf("list\n%s", list)
	}
	run(t, "keys", "claims", "--keys", path).must(t, 2)
	run(t, "keys", "claims", "--keys", path, "--out", "-").must(t, 2)
}

// realRun runs a command that opens a database of its own in a new folder.
func realRun(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr strings.Builder
	args = append(args, "--database-url", "sqlite:"+filepath.Join(t.TempDir(), "assent.db"), "--log-level", "error")
	code := cli.Run(t.Context(), args, func(string) (string, bool) { return "", false }, strings.NewReader(""), &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

func TestServe_BusyPort_NamesTheFlag(t *testing.T) {
	busy, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := busy.Close(); err != nil {
			t.Error(err)
		}
	}()
	for flag, other := range map[string]string{"--grpc-address": "--http-address", "--http-address": "--grpc-address"} {
		got := realRun(t, "serve", flag, busy.Addr().String(), other, "127.0.0.1:0").must(t, 1)
		if !strings.Contains(got.stderr, busy.Addr().String()) || !strings.HasSuffix(got.stderr, "; "+flag+" chooses another address\n") {
			t.Errorf("%s: stderr %q", flag, got.stderr)
		}
	}
}
