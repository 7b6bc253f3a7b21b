package e2e

import (
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

// block returns the commands of the first shell block below a heading of a page.
func block(t testing.TB, page, heading string, nth int) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../..", page))
	if err != nil {
		t.Fatal(err)
	}
	_, below, ok := strings.Cut(string(data), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("%s has no heading %q", page, heading)
	}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(below, nth)
	if len(blocks) < nth {
		t.Fatalf("%s has no %d blocks below %q", page, nth, heading)
	}
	joined := strings.ReplaceAll(blocks[nth-1][1], "\\\n", "")
	return strings.Split(strings.TrimSpace(joined), "\n")
}

// promise is what the comment behind a command says that it answers.
var promise = regexp.MustCompile(`# ([A-Z]+) +([A-Z_]+)(?:, exit (\d+))?$`)

// runAsWritten runs a command of a page, and holds it to what its comment promises.
func runAsWritten(t *testing.T, dir string, env []string, command string) {
	t.Helper()
	run := exec.CommandContext(t.Context(), "bash", "-c", command)
	run.Dir, run.Env = dir, env
	out, err := run.CombinedOutput()
	want := []string{"", "", "", "0"}
	if found := promise.FindStringSubmatch(command); found != nil {
		want = found
		if want[3] == "" {
			want[3] = "0"
		}
	}
	if got := strconv.Itoa(run.ProcessState.ExitCode()); got != want[3] {
		t.Errorf("%s: exit %s, want %s (%v)\n%s", command, got, want[3], err, out)
	}
	if !strings.Contains(string(out), want[1]) || !strings.Contains(string(out), want[2]) {
		t.Errorf("%s: want %s %s, got\n%s", command, want[1], want[2], out)
	}
}

func TestReadme_CommandsDoWhatItSays(t *testing.T) {
	db := newDatabase(t, "sqlite")
	db.url, db.keys, db.catalog = "sqlite:assent.db", "", "" // as without any setting
	for _, folder := range []string{"bin", "examples", "examples/acme"} {
		if err := os.Mkdir(filepath.Join(db.dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	symlink(t, program(t), filepath.Join(db.dir, "bin/assent"))
	for _, name := range []string{"examples/catalogs", "examples/acme/audience.csv"} {
		symlink(t, filepath.Join("../..", name), filepath.Join(db.dir, name))
	}
	partOfExample(t).writeTo(t, filepath.Join(db.dir, "examples/acme/events.csv.gz"))
	serve := block(t, "README.md", "Run it", 1)
	p := db.startAs(filepath.Join(db.dir, "bin/assent"), strings.Fields(serve[len(serve)-1])[1:]...)
	env := append(os.Environ(), "ASSENT_SERVER="+p.grpc)
	for _, command := range block(t, "README.md", "Run it", 2) {
		if name, value, ok := strings.Cut(strings.TrimPrefix(command, "export "), "="); ok && strings.HasPrefix(command, "export ") {
			env = append(env, name+"="+value)
			continue
		}
		runAsWritten(t, db.dir, env, strings.ReplaceAll(command, "127.0.0.1:8080", p.http))
	}
}

func TestAPI_CommandsForDescriptorsWork(t *testing.T) {
	db := newDatabase(t, "sqlite")
	r := db.serve(nil)
	env := append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"))
	for _, command := range block(t, "docs/api-rules.md", "Tools and generated clients", 1) {
		runAsWritten(t, db.dir, env, strings.ReplaceAll(command, "127.0.0.1:8080", r.HTTP))
	}
}

func TestOperations_CommandsForPostgresWork(t *testing.T) {
	url, dir := testdb.Postgres(t), t.TempDir()
	db := &database{t: t, dir: dir}
	binary := program(t)
	env := append(os.Environ(), "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
	replace := strings.NewReplacer("/etc/assent", dir, "catalog.yaml", mustAbs(t, acmeCatalog))
	for _, command := range block(t, "docs/operations.md", "On PostgreSQL", 1) {
		command = replace.Replace(command)
		if rest, ok := strings.CutPrefix(command, "export "); ok {
			for _, setting := range strings.Fields(rest) {
				if strings.HasPrefix(setting, "ASSENT_DATABASE_URL=") {
					setting = "ASSENT_DATABASE_URL=" + url
				}
				env = append(env, setting)
			}
			continue
		}
		if rest, ok := strings.CutPrefix(command, "assent serve"); ok {
			db.env = env
			db.startAs(binary, append([]string{"serve"}, strings.Fields(rest)...)...)
			continue
		}
		runAsWritten(t, dir, env, command)
	}
}

func TestOperations_CommandsForProofsWork(t *testing.T) {
	db := newDatabase(t, "sqlite")
	r := db.serve(nil)
	env := append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"), "ASSENT_SERVER="+r.GRPC, "ASSENT_API_KEY="+r.key)
	for _, command := range block(t, "docs/operations.md", "Proving that nothing was altered", 1) {
		runAsWritten(t, db.dir, env, command)
	}
	if _, err := os.Stat(filepath.Join(db.dir, "2026-12-01.checkpoint")); err != nil {
		t.Error(err)
	}
}

func TestKeepInStep_CommandsForTheExampleWork(t *testing.T) {
	db := newDatabase(t, "sqlite")
	r := db.serve(nil)
	bin := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "../../examples/listmonk-sync").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	table, err := sql.Open("sqlite", filepath.Join(db.dir, "listmonk.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = table.ExecContext(t.Context(), `CREATE TABLE subscribers (email TEXT, status TEXT)`)
	if err := errors.Join(err, table.Close()); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+bin+":"+os.Getenv("PATH"), "ASSENT_SERVER="+r.GRPC)
	commands := block(t, "docs/keep-in-step.md", "A tool with its own database", 1)
	last := len(commands) - 1
	for _, command := range commands[:last] {
		runAsWritten(t, db.dir, append(env, "ASSENT_API_KEY="+r.key), command)
	}
	follow := exec.CommandContext(t.Context(), "bash", "-c", strings.Replace(commands[last], " listmonk-sync ", " exec listmonk-sync ", 1))
	follow.Dir, follow.Env = db.dir, env
	var said strings.Builder
	follow.Stderr = &said
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, time.Minute, "the program has a set", func() bool {
		_, err := os.Stat(filepath.Join(db.dir, "listmonk-sync.set"))
		return err == nil
	})
	if err := errors.Join(follow.Process.Signal(os.Interrupt), follow.Wait()); err != nil {
		t.Errorf("%v: %s", err, said.String())
	}
}

func TestKeepInStep_CommandsForWebhooksAndFilesWork(t *testing.T) {
	db := newDatabase(t, "sqlite")
	r := db.serve(nil)
	env := append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"), "ASSENT_SERVER="+r.GRPC)
	must(t, r, "withdraw", "anna@example.com", "--channel", "newsletter")
	for _, heading := range []string{"A tool that takes webhooks", "A tool that imports files"} {
		for _, command := range block(t, "docs/keep-in-step.md", heading, 1) {
			if !strings.HasPrefix(command, "ASSENT_API_KEY_FILE=") {
				command = "ASSENT_API_KEY=" + r.key + " " + command
			}
			runAsWritten(t, db.dir, env, command)
		}
	}
	list, err := os.ReadFile(filepath.Join(db.dir, "lists", "newsletter.listmonk.csv"))
	if err != nil || !strings.Contains(string(list), "anna@example.com") {
		t.Errorf("%v\n%s", err, list)
	}
}

func TestOperations_CommandsForKeysAndBackupsWork(t *testing.T) {
	db := newDatabase(t, "sqlite")
	r := db.serve(nil)
	env := append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"))
	replace := strings.NewReplacer("/etc/assent/", db.dir+"/")
	for _, nth := range []int{1, 2} {
		for _, command := range block(t, "docs/operations.md", "Keys", nth) {
			runAsWritten(t, db.dir, env, replace.Replace(command))
		}
	}
	r.taken(t, 1)
	must(t, r, "ledger", "checkpoint", "--out", filepath.Join(db.dir, "2026-12-01.checkpoint"))
	r.stop()
	for _, command := range block(t, "docs/operations.md", "Backups", 1) {
		runAsWritten(t, db.dir, env, command)
	}
}

func TestOperations_CommandsForKeepingCheckpointsWork(t *testing.T) {
	db, w, kept := newDatabase(t, "sqlite"), newWitness("w", 1679315147), t.TempDir()
	binary := program(t)
	commands := block(t, "docs/operations.md", "Keeping checkpoints", 1)
	serve := strings.Fields(strings.ReplaceAll(commands[0], "/mnt/officer/assent", kept))[1:]
	p := db.startAs(binary, append(serve, "--witness-key", w.vkey(), "--database-url", db.url, "--catalog", db.catalog)...)
	key := db.adminKey()
	env := append(os.Environ(), "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"), "ASSENT_SERVER="+p.grpc, "ASSENT_API_KEY="+key)
	now, err := assentv1.NewLedgerServiceClient(dial(t, p.grpc, key)).GetCheckpoint(t.Context(), &assentv1.GetCheckpointRequest{})
	if err != nil {
		t.Fatal(err)
	}
	cosigned := w.cosign(t, now.GetCheckpoint().GetNote(), now.GetCheckpoint().GetVerifierKey())
	write(t, filepath.Join(db.dir, "cosigned.checkpoint"), cosigned)
	for _, command := range commands[1:] {
		runAsWritten(t, db.dir, env, command)
	}
	for _, file := range []string{filepath.Join(kept, "checkpoint-00000000000000000001.txt"), filepath.Join(db.dir, "today.checkpoint")} {
		if text, err := os.ReadFile(file); err != nil || string(text) != now.GetCheckpoint().GetNote() {
			t.Errorf("%s: %q, %v", file, text, err)
		}
	}
}

func TestOperations_CommandsForErasingWork(t *testing.T) {
	db := newDatabase(t, "sqlite")
	r := db.serve(nil)
	env := append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"), "ASSENT_SERVER="+r.GRPC, "ASSENT_API_KEY="+r.key)
	must(t, r, "withdraw", "anna@example.com", "--channel", "newsletter")
	for _, command := range block(t, "docs/operations.md", "Erasing", 1) {
		runAsWritten(t, db.dir, env, command)
	}
	r.stop()
	for _, command := range block(t, "docs/operations.md", "Erasing", 2) {
		runAsWritten(t, db.dir, env, command)
	}
}

func TestOperations_CommandsForPuttingRightWork(t *testing.T) {
	db := newDatabase(t, "sqlite")
	r := db.serve(nil)
	env := append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"), "ASSENT_SERVER="+r.GRPC, "ASSENT_API_KEY="+r.key)
	must(t, r, "withdraw", "anna@example.com", "--channel", "newsletter") // Position 2.
	for _, command := range block(t, "docs/operations.md", "Putting right", 1) {
		runAsWritten(t, db.dir, env, command)
	}
}

func TestOperations_CommandsForRetentionAndDisclosuresWork(t *testing.T) {
	db := newDatabase(t, "sqlite")
	r := db.serve(nil)
	env := append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"), "ASSENT_SERVER="+r.GRPC, "ASSENT_API_KEY="+r.key)
	must(t, r, "withdraw", "anna@example.com", "--channel", "newsletter")
	must(t, r, "lookup", "anna@example.com")
	for _, section := range []string{"Retention", "Stopping"} {
		for _, command := range block(t, "docs/operations.md", section, 1) {
			runAsWritten(t, db.dir, env, command)
		}
	}
}

// symlink makes a link to a file, at the path from this folder.
func symlink(t testing.TB, file, link string) {
	t.Helper()
	if err := os.Symlink(mustAbs(t, file), link); err != nil {
		t.Fatal(err)
	}
}

func mustAbs(t testing.TB, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

func TestMailIntake_CommandsWork(t *testing.T) {
	db := newDatabase(t, "sqlite")
	r := db.serve(nil)
	env := append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"), "ASSENT_SERVER="+r.GRPC, "ASSENT_API_KEY="+r.key)
	if err := os.WriteFile(filepath.Join(db.dir, "bounce.eml"), []byte(bounceMail), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, heading := range []string{"Hints", "Ways in"} {
		for _, command := range block(t, "docs/mail-intake.md", heading, 1) {
			runAsWritten(t, db.dir, env, command)
		}
	}
}

func TestLinks_CommandsWork(t *testing.T) {
	db := newDatabase(t, "sqlite")
	env := append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"))
	for _, command := range block(t, "docs/links.md", "Other languages", 1) {
		runAsWritten(t, db.dir, env, command)
	}
}
