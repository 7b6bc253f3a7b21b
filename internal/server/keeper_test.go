package server_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/kept"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/seal"
)

// keeping returns settings with a checkpoint directory.
func keeping(t *testing.T) config.Server {
	t.Helper()
	cfg := settings(t)
	cfg.CheckpointDir, cfg.CheckpointInterval = t.TempDir(), time.Hour
	return cfg
}

// refuse records a refusal of a new address.
func (r *running) refuse(n int) {
	r.t.Helper()
	body := fmt.Sprintf(`{"address":"person%d@example.com","channels":["newsletter"]}`, n)
	if got := r.as(http.MethodPost, "/v1/consent:withdraw", body); got.code != http.StatusOK {
		r.t.Fatalf("%d %s", got.code, got.body)
	}
}

// stopped ends a server without an error.
func (r *running) stopped() {
	r.t.Helper()
	if err := r.stop(); err != nil {
		r.t.Fatal(err)
	}
}

// checkpoints lists the files of checkpoints, of sizes written short, and holds that each is one of the database.
func checkpoints(t *testing.T, cfg config.Server) []string {
	t.Helper()
	keys, err := seal.Open(cfg.Keys)
	if err != nil {
		t.Fatal(err)
	}
	origin := ledger.Origin(keys.StoreID())
	verifiers, err := keys.VerifierKeys(origin)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(cfg.CheckpointDir, "checkpoint-*"))
	if err != nil {
		t.Fatal(err)
	}
	var sizes []string
	for _, file := range files {
		var c ledger.Checkpoint
		var text []byte
		// It is written in its place, so that one which is written now is not whole yet.
		for deadline := time.Now().Add(patience); ; <-time.After(10 * time.Millisecond) {
			if text, err = os.ReadFile(file); err != nil {
				t.Fatal(err)
			}
			if c, err = ledger.OpenCheckpoint(text, origin, verifiers...); err == nil || time.Now().After(deadline) {
				break
			}
		}
		_, run, _ := strings.Cut(filepath.Base(file), fmt.Sprintf("checkpoint-%020d", c.Size))
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		sizes = append(sizes, fmt.Sprint(c.Size)+strings.TrimSuffix(run, ".txt"))
	}
	slices.Sort(sizes)
	return sizes
}

func wantCheckpoints(t *testing.T, cfg config.Server, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, checkpoints(t, cfg)); diff != "" {
		t.Errorf("the checkpoints that are kept: %s", diff)
	}
}

func TestKeeper_TakesACheckpointAtStart_OnDemand_AndAtStop(t *testing.T) {
	cfg := keeping(t)
	r := run(t, cfg)
	wantCheckpoints(t, cfg, "1")
	r.refuse(1)
	r.refuse(2)
	wantCheckpoints(t, cfg, "1")
	if got := r.as(http.MethodGet, "/v1/ledger/checkpoint", ""); got.code != http.StatusOK {
		t.Errorf("%d %s", got.code, got.body)
	}
	wantCheckpoints(t, cfg, "1", "3")
	r.refuse(3)
	r.stopped()
	wantCheckpoints(t, cfg, "1", "3", "4")
	again := run(t, cfg)
	again.stopped()
	wantCheckpoints(t, cfg, "1", "3", "4")
	if strings.Contains(again.log.String(), "level=ERROR") {
		t.Error(again.log.String())
	}
}

func TestKeeper_TakesACheckpointAtIntervals_WhereTheLedgerHasGrown(t *testing.T) {
	t.Parallel()
	cfg := keeping(t)
	cfg.CheckpointInterval = time.Second
	r := run(t, cfg)
	r.refuse(1)
	for deadline := time.Now().Add(patience); len(checkpoints(t, cfg)) < 2; {
		if time.Now().After(deadline) {
			t.Fatal("no checkpoint was taken")
		}
		<-time.After(50 * time.Millisecond)
	}
	wantCheckpoints(t, cfg, "1", "2")
}

func TestKeeper_DirectoryThatCannotBeUsed_RefusesToStart(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"missing": func(string) error { return nil },
		"a file":  func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"no log":  func(path string) error { return os.MkdirAll(filepath.Join(path, "erasures.ndjson"), 0o700) },
		"no room": func(path string) error {
			return os.MkdirAll(filepath.Join(path, "checkpoint-00000000000000000001.txt"), 0o700)
		},
	} {
		cfg := keeping(t)
		cfg.CheckpointDir = filepath.Join(t.TempDir(), "kept")
		if err := make(cfg.CheckpointDir); err != nil {
			t.Fatal(err)
		}
		if got := refuses(t, cfg); !strings.Contains(got, "checkpoint") {
			t.Errorf("%s: %s", name, got)
		}
	}
	cfg := keeping(t)
	cfg.CheckpointInterval = 0
	if got := refuses(t, cfg); !strings.Contains(got, "checkpoint_interval") {
		t.Errorf("got %s", got)
	}
}

func TestKeeper_DirectoryThatGoesAway_IsLoggedAndCounted_AndStopsNothing(t *testing.T) {
	cfg := keeping(t)
	r := run(t, cfg)
	if err := os.Rename(cfg.CheckpointDir, cfg.CheckpointDir+".gone"); err != nil {
		t.Fatal(err)
	}
	r.refuse(1)
	if got := r.as(http.MethodGet, "/v1/ledger/checkpoint", ""); got.code != http.StatusOK {
		t.Errorf("%d %s", got.code, got.body)
	}
	check := `{"address":"person1@example.com","channel":"newsletter"}`
	if got := r.as(http.MethodPost, "/v1/consent:check", check); !strings.Contains(got.body, "WITHDRAWN") {
		t.Errorf("%d %s", got.code, got.body)
	}
	metrics := r.as(http.MethodGet, "/metrics", "").body
	for _, want := range []string{`assent_checkpoints_total{outcome="failed"} 1`, `assent_checkpoints_total{outcome="kept"} 1`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if !strings.Contains(r.log.String(), `level=ERROR msg="no checkpoint was stored`) {
		t.Error(r.log.String())
	}
	if err := os.Rename(cfg.CheckpointDir+".gone", cfg.CheckpointDir); err != nil {
		t.Fatal(err)
	}
	r.stopped()
	wantCheckpoints(t, cfg, "1", "2")
}

// backedUp records events, keeps a copy of the database of size 3, and goes on to size 6.
func backedUp(t *testing.T) (cfg config.Server, backup string) {
	t.Helper()
	cfg = keeping(t)
	r := run(t, cfg)
	r.refuse(1)
	r.refuse(2)
	r.stopped()
	backup = filepath.Join(t.TempDir(), "backup.db")
	copyFile(t, pathOf(t, cfg), backup)
	r = run(t, cfg)
	for n := range 3 {
		r.refuse(10 + n)
	}
	r.stopped()
	wantCheckpoints(t, cfg, "1", "3", "6")
	return cfg, backup
}

// appendErasures keeps erasures of a person without data in the database.
func appendErasures(t *testing.T, cfg config.Server, positions ...int64) {
	t.Helper()
	keys, err := seal.Open(cfg.Keys)
	if err != nil {
		t.Fatal(err)
	}
	hasher, version := keys.Hasher(), keys.DigestVersions()[0]
	defer hasher.Release()
	var subjects []kept.Subject
	for _, form := range []consent.Form{consent.FormExact, consent.FormFolded, consent.FormMail} {
		digest, err := hasher.Digest(0, form, "nobody@example.com")
		if err != nil {
			t.Fatal(err)
		}
		subjects = append(subjects, kept.Subject{Form: form, KeyVersion: version, Digest: digest})
	}
	spelling, err := keys.Spelling(version, "nobody@example.com")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := kept.Open(cfg.CheckpointDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, position := range positions {
		err := dir.Append([]kept.Erasure{{
			Position: position, Actor: "officer", Subjects: subjects, Spellings: []consent.Spelling{spelling},
		}})
		if err != nil {
			t.Error(err)
		}
	}
	if err := dir.Close(); err != nil {
		t.Error(err)
	}
}

func TestKeeper_RestoredBackup_IsSaidLoudly_AndItsCheckpointsAreARunOfTheirOwn(t *testing.T) {
	cfg, backup := backedUp(t)
	appendErasures(t, cfg, 2, 5, 6)
	copyFile(t, backup, pathOf(t, cfg))
	const loud = "THE DATABASE IS OLDER THAN THE NEWEST CHECKPOINT"
	r := run(t, cfg)
	for _, want := range []string{loud, "checkpoint_size=6", "position=3", "erasures_since=2"} {
		if !strings.Contains(r.log.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, r.log.String())
		}
	}
	for n := range 4 {
		r.refuse(20 + n)
	}
	r.stopped()
	wantCheckpoints(t, cfg, "1", "3", "3.r1", "6", "7.r1")
	again := run(t, cfg)
	again.refuse(30)
	again.stopped()
	if strings.Contains(again.log.String(), loud) || strings.Contains(again.log.String(), "level=ERROR") {
		t.Errorf("the next start: %s", again.log.String())
	}
	wantCheckpoints(t, cfg, "1", "3", "3.r1", "6", "7.r1", "8.r1")
	copyFile(t, backup, pathOf(t, cfg))
	if r := run(t, cfg); !strings.Contains(r.log.String(), loud) {
		t.Error("a second backup is not noticed")
	}
	wantCheckpoints(t, cfg, "1", "3", "3.r1", "3.r2", "6", "7.r1", "8.r1")
}

func TestKeeper_RestoredBackupWithoutReadableErasures_RefusesToStart(t *testing.T) {
	cfg, backup := backedUp(t)
	log := filepath.Join(cfg.CheckpointDir, "erasures.ndjson")
	if err := os.WriteFile(log, []byte("{\"position\":5}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, cfg)
	if !strings.Contains(r.log.String(), "the erasures in the checkpoint directory cannot be read") {
		t.Error(r.log.String())
	}
	r.stopped()
	copyFile(t, backup, pathOf(t, cfg))
	if got := refuses(t, cfg); !strings.Contains(got, "line 1") {
		t.Errorf("got %s", got)
	}
}

func TestKeeper_AnotherHistory_RefusesToStart(t *testing.T) {
	cfg, backup := backedUp(t)
	copyFile(t, backup, pathOf(t, cfg))
	beside := cfg
	beside.CheckpointDir = ""
	r := run(t, beside)
	for n := range 5 {
		r.refuse(40 + n)
	}
	r.stopped()
	if got := refuses(t, cfg); !strings.Contains(got, "has another history than the checkpoint checkpoint-00000000000000000006.txt") {
		t.Errorf("got %s", got)
	}
	wantCheckpoints(t, cfg, "1", "3", "6")
}

func TestKeeper_DirectoryOfAnotherDatabase_RefusesToStart(t *testing.T) {
	cfg, other := keeping(t), keeping(t)
	run(t, cfg).stopped()
	other.CheckpointDir = cfg.CheckpointDir
	if got := refuses(t, other); !strings.Contains(got, "was not signed by a key of this database") {
		t.Errorf("got %s", got)
	}
}

func TestKeeper_NewestCheckpointCutOff_IsSaid_AndTheOneBeforeCounts(t *testing.T) {
	cfg, backup := backedUp(t)
	newest := filepath.Join(cfg.CheckpointDir, "checkpoint-00000000000000000006.txt")
	if err := os.Truncate(newest, 100); err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-time.Hour)
	if err := os.Chtimes(newest, then, then); err != nil {
		t.Fatal(err)
	}
	copyFile(t, backup, pathOf(t, cfg)) // Of size 3, which the checkpoint before the newest has.
	r := run(t, cfg)
	if !strings.Contains(r.log.String(), "cannot be read and is ignored") || strings.Contains(r.log.String(), "OLDER") {
		t.Error(r.log.String())
	}
}

func TestStart_WitnessKeyThatIsNone_Refuses(t *testing.T) {
	for _, key := range []string{"", "w", "w+00000000+BAAA"} {
		cfg := settings(t)
		cfg.WitnessKeys = []string{key}
		if got := refuses(t, cfg); !strings.Contains(got, "witness_key") {
			t.Errorf("%q: %s", key, got)
		}
	}
}
