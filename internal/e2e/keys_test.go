package e2e

import (
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

// copyFile copies a file as it is, with the mode of a secret.
func copyFile(t testing.TB, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// withKeys returns the database as a server sees it that has a copy of the key file.
func (db *database) withKeys(name string) *database {
	db.t.Helper()
	other := *db
	other.keys = filepath.Join(db.t.TempDir(), name)
	copyFile(db.t, db.keys, other.keys)
	return &other
}

// must runs the command line and fails unless it exits with 0. It returns what it wrote.
func must(t testing.TB, r *running, args ...string) string {
	t.Helper()
	code, stdout, stderr := command(t, r.GRPC, r.key, args...)
	if code != 0 {
		t.Fatalf("%v: exit %d: %s", args, code, stderr)
	}
	return stdout
}

// statusOf returns the status of the page /readyz.
func (r *running) statusOf(t testing.TB) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.HTTP+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// taken waits until the server has taken up so many key files.
func (r *running) taken(t testing.TB, n int) {
	t.Helper()
	testkit.Eventually(t, 20*time.Second, fmt.Sprintf("it took up %d key files", n), func() bool {
		return strings.Count(r.log.String(), "took up the changed key file") >= n
	})
}

func TestKeys_RotatedWhileTwoServersAnswer_NothingIsMissedOrRefused(t *testing.T) {
	t.Parallel()
	db := newDatabase(t, "postgres")
	other := db.withKeys("other.keys")
	one, two := db.serve(nil), other.serve(nil)
	clients := []assentv1.ConsentServiceClient{
		assentv1.NewConsentServiceClient(dial(t, one.GRPC, one.key)), assentv1.NewConsentServiceClient(dial(t, two.GRPC, one.key)),
	}
	kept := filepath.Join(db.dir, "kept.checkpoint")
	withdrawThenCheck(t, clients[0], clients[1], "first@example.at")
	must(t, one, "ledger", "checkpoint", "--out", kept)

	done := make(chan struct{})
	var pairs sync.WaitGroup
	for pair := range 3 {
		pairs.Go(func() {
			pace := time.NewTicker(20 * time.Millisecond) // Files are taken up in seconds: hundreds of rounds fall between them.
			defer pace.Stop()
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				case <-pace.C:
				}
				through, other := clients[(pair+n)%2], clients[(pair+n+1)%2]
				withdrawThenCheck(t, through, other, fmt.Sprintf("p%d-%d@example.at", pair, n))
				withdrawAgain(t, through, other, fmt.Sprintf("p%d-%d@example.at", pair, n/2)) // Also in rows of old keys.
			}
		})
	}
	steps := 0
	for _, keyset := range []string{"digest", "master", "signing"} {
		for _, promote := range [][]string{nil, {"--promote"}} {
			steps++
			must(t, one, append([]string{"keys", "rotate", keyset, "--keys", db.keys}, promote...)...)
			one.taken(t, steps)
			copyFile(t, db.keys, other.keys)
			two.taken(t, steps)
		}
	}
	close(done)
	pairs.Wait()
	withdrawAgain(t, clients[1], clients[0], "first@example.at")
	one.stop()
	two.stop()
	must(t, one, "ledger", "verify", "--database-url", db.url, "--keys", db.keys, "--checkpoint", kept)
}

// withdrawAgain checks an address that has withdrawn, through one server, and withdraws it once more through the other.
func withdrawAgain(t testing.TB, through, other assentv1.ConsentServiceClient, address string) {
	t.Helper()
	got, err := other.CheckConsent(t.Context(), &assentv1.CheckConsentRequest{Address: address, Channel: "newsletter"})
	if err != nil || got.GetDecision().GetVerdict() != assentv1.Verdict_VERDICT_DENY {
		t.Errorf("an address that has withdrawn: %s, %v", got.GetDecision().GetReason(), err)
	}
	if _, err := through.WithdrawConsent(t.Context(), &assentv1.WithdrawConsentRequest{Address: address, Channels: []string{"newsletter"}}); err != nil {
		t.Errorf("withdraw again: %v", err)
	}
}

func TestKeys_ServerLeftBehind_RefusesInsteadOfAnsweringWrongly_AndRecovers(t *testing.T) {
	t.Parallel()
	defer http.DefaultClient.CloseIdleConnections()
	db := newDatabase(t, "postgres")
	other := db.withKeys("other.keys")
	one, behind := db.serve(nil), other.serve(nil)
	through := assentv1.NewConsentServiceClient(dial(t, one.GRPC, one.key))
	left := assentv1.NewConsentServiceClient(dial(t, behind.GRPC, one.key))
	check := &assentv1.CheckConsentRequest{Address: "anna@example.at", Channel: "newsletter"}
	withdraw := &assentv1.WithdrawConsentRequest{Address: "anna@example.at", Channels: []string{"newsletter"}}

	must(t, one, "keys", "rotate", "digest", "--keys", db.keys)
	must(t, one, "keys", "rotate", "digest", "--promote", "--keys", db.keys)
	one.taken(t, 1)
	recorded, err := through.WithdrawConsent(t.Context(), withdraw)
	if err != nil {
		t.Fatal(err)
	}
	check.Consistency = checkSince("", recorded.GetPositions()).GetConsistency()
	_, checked := left.CheckConsent(t.Context(), check)
	_, withdrawn := left.WithdrawConsent(t.Context(), withdraw)
	for what, err := range map[string]error{"check": checked, "withdraw": withdrawn} {
		if status.Code(err) != codes.Unavailable || reasonOf(err) != "KEY_MISSING" {
			t.Errorf("%s: %v, want UNAVAILABLE, KEY_MISSING", what, err)
		}
	}
	testkit.Eventually(t, time.Minute, "it is not ready", func() bool { return behind.statusOf(t) == http.StatusServiceUnavailable })
	if one.statusOf(t) != http.StatusOK {
		t.Error("the server with the new keys is not ready")
	}
	copyFile(t, db.keys, other.keys)
	testkit.Eventually(t, time.Minute, "it is ready again", func() bool { return behind.statusOf(t) == http.StatusOK })
	got, err := left.CheckConsent(t.Context(), check)
	if err != nil || got.GetDecision().GetReason() != "WITHDRAWN" {
		t.Errorf("with the file: %s, %v", got.GetDecision().GetReason(), err)
	}
}

func reasonOf(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

// backup copies the database while its server runs, and returns how to make a database of the copy.
func (db *database) backup(t testing.TB) (restore func() *database) {
	t.Helper()
	to := &database{t: t, dir: t.TempDir(), catalog: db.catalog}
	to.keys = filepath.Join(to.dir, "assent.keys")
	copyFile(t, filepath.Join(db.dir, "assent.keys"), filepath.Join(to.dir, "kept.keys"))
	if path, embedded := db.config().SQLitePath(); embedded {
		to.url = "sqlite:" + filepath.Join(to.dir, "assent.db")
		source, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = source.Close() }()
		if _, err := source.ExecContext(t.Context(), "VACUUM INTO ?", filepath.Join(to.dir, "assent.db")); err != nil {
			t.Fatal(err)
		}
		return func() *database { return to }
	}
	dump := filepath.Join(to.dir, "assent.sql")
	postgresProgram(t, "pg_dump", "--no-owner", "--file", dump, db.url)
	return func() *database {
		to.url = testdb.Postgres(t)
		postgresProgram(t, "psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--single-transaction", "--file", dump, to.url)
		return to
	}
}

func postgresProgram(t testing.TB, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testdb.PostgresProgram(t, name), args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
}

func TestBackup_RestoredElsewhereWithTheKeys_AnswersTheSameAndVerifies(t *testing.T) {
	eachStore(t, func(t *testing.T, db *database) {
		r := db.serve(nil)
		c := assentv1.NewConsentServiceClient(dial(t, r.GRPC, r.key))
		for n := range 5 {
			withdrawThenCheck(t, c, c, fmt.Sprintf("old-%d@example.at", n))
		}
		must(t, r, "keys", "rotate", "digest", "--keys", db.keys)
		must(t, r, "keys", "rotate", "digest", "--promote", "--keys", db.keys)
		r.taken(t, 1)
		withdrawThenCheck(t, c, c, "new@example.at")
		kept := filepath.Join(db.dir, "kept.checkpoint")
		must(t, r, "ledger", "checkpoint", "--out", kept)
		history := must(t, r, "history", "old-1@example.at", "--format", "json", "--channel", "newsletter")
		restore := db.backup(t)
		withdrawThenCheck(t, c, c, "after@example.at")
		r.stop()

		to := restore()
		refusesToStart(t, to, "is missing")
		if _, err := seal.Create(to.keys); err != nil {
			t.Fatal(err)
		}
		refusesToStart(t, to, "belongs to another database")
		copyFile(t, filepath.Join(to.dir, "kept.keys"), to.keys)
		must(t, r, "ledger", "verify", "--database-url", to.url, "--keys", to.keys, "--checkpoint", kept)
		copyFile(t, db.adminKeyFile(), filepath.Join(to.dir, filepath.Base(db.adminKeyFile())))
		restored := to.serve(nil)
		if got := must(t, restored, "history", "old-1@example.at", "--format", "json", "--channel", "newsletter"); got != history {
			t.Errorf("the history is\n%s\nand was\n%s", got, history)
		}
		again := assentv1.NewConsentServiceClient(dial(t, restored.GRPC, restored.key))
		for address, want := range map[string]string{"old-0@example.at": "WITHDRAWN", "new@example.at": "WITHDRAWN", "after@example.at": "NO_LEGAL_BASIS"} {
			got, err := again.CheckConsent(t.Context(), &assentv1.CheckConsentRequest{Address: address, Channel: "newsletter"})
			if err != nil || got.GetDecision().GetReason() != want {
				t.Errorf("%s: %s, %v, want %s", address, got.GetDecision().GetReason(), err, want)
			}
		}
		withdrawThenCheck(t, again, again, "later@example.at")
	})
}

// refusesToStart wants a start to fail with the text, and to make no key file.
func refusesToStart(t testing.TB, db *database, want string) {
	t.Helper()
	existed, err := seal.Exists(db.keys)
	if err != nil {
		t.Fatal(err)
	}
	err = server.Run(t.Context(), db.config(), server.Options{Logger: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("it started, or said something else than %q: %v", want, err)
	}
	if exists, err := seal.Exists(db.keys); err != nil || exists != existed {
		t.Errorf("a key file was made or removed: %v, %v", exists, err)
	}
}

// adminKeyFile returns the file that adminKey reads.
func (db *database) adminKeyFile() string {
	if file := filepath.Join(db.dir, "assent.db.admin-key"); strings.HasPrefix(db.url, "sqlite:") {
		return file
	}
	return filepath.Join(db.dir, "admin-key")
}
