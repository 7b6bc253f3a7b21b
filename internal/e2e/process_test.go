package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli"
	"github.com/assent-io/assent/internal/server"
)

// process is a server that runs as a process of its own, so that it can be killed.
type process struct {
	grpc string
	http string
	cmd  *exec.Cmd
	done chan struct{} // closed when its log has ended
}

// build is what the tests that run the program share.
type build struct {
	dir  string
	path string
}

// builtProgram builds the program for the first test that runs it: linking takes seconds.
var builtProgram = sync.OnceValues(func() (build, error) {
	dir, err := os.MkdirTemp("", "assent-e2e-")
	if err != nil {
		return build{}, err
	}
	b := build{dir: dir, path: filepath.Join(dir, "assent")}
	out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", b.path, "../../cmd/assent").CombinedOutput()
	if err != nil {
		return b, fmt.Errorf("build the program: %w: %s", err, out)
	}
	return b, nil
})

// removeProgram removes what builtProgram made. It is called when no test runs any more.
func removeProgram() {
	if !programUsed.Load() {
		return
	}
	b, _ := builtProgram() // A test has reported the error.
	_ = os.RemoveAll(b.dir)
}

// programUsed tells removeProgram whether there is anything to remove.
var programUsed atomic.Bool

// program returns the path of the program, which is built once for all tests.
func program(t testing.TB) string {
	t.Helper()
	programUsed.Store(true)
	b, err := builtProgram()
	if err != nil {
		t.Fatal(err)
	}
	return b.path
}

// start runs a server over the database as a process.
func (db *database) start(program string) *process {
	db.t.Helper()
	return db.startAs(program, "serve", "--keys", db.keys, "--database-url", db.url, "--catalog", db.catalog, "--migrate")
}

// startAs runs a server as a process, on any free ports, in the folder of the database.
func (db *database) startAs(program string, args ...string) *process {
	db.t.Helper()
	p := &process{done: make(chan struct{})}
	args = append(args, "--grpc-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0", "--log-format", "json")
	p.cmd = exec.CommandContext(context.WithoutCancel(db.t.Context()), program, args...)
	p.cmd.Dir, p.cmd.Env = db.dir, db.env
	log, err := p.cmd.StderrPipe()
	if err != nil {
		db.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		db.t.Fatal(err)
	}
	db.t.Cleanup(p.kill)
	ready := make(chan []string, 1)
	var text strings.Builder
	go func() {
		defer close(p.done)
		defer close(ready)
		for lines := bufio.NewScanner(log); lines.Scan(); {
			var line struct {
				Msg  string `json:"msg"`
				GRPC string `json:"grpc_address"`
				HTTP string `json:"http_address"`
			}
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
				ready <- []string{line.GRPC, line.HTTP}
			}
			text.WriteString(lines.Text() + "\n")
		}
	}()
	at, ok := <-ready
	if !ok {
		db.t.Fatalf("the server did not start: %s", text.String())
	}
	p.grpc, p.http = at[0], at[1]
	return p
}

// kill ends the process at once, as a power cut would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
	_ = p.cmd.Wait()
}

func TestKilledDuringAnImport_StartsAgain_AndTheImportIsResumed(t *testing.T) {
	part := partOfExample(t)
	who, rows, file := &part.who, len(part.rows), part.write(t)
	binary := program(t)
	eachStore(t, func(t *testing.T, db *database) {
		p := db.start(binary)
		key := db.adminKey()
		for _, recorded := range []int{rows / 16, rows * 2 / 5} {
			killAt(t, p, key, file, int64(recorded))
			p = db.start(binary)
		}
		got := importFile(t, p.grpc, key, file)
		if got.Recorded+got.Duplicates != rows || got.Duplicates < rows*2/5 {
			t.Errorf("the resumed import: %+v", got)
		}
		answers, _ := who.answers(t, assentv1.NewConsentServiceClient(dial(t, p.grpc, key)), exampleTime)
		compare(t, "after the resumed import", answers, who.want)
		p.kill()
		code, stdout, stderr := command(t, "", "", "ledger", "rebuild", "--database-url", db.url, "--keys", db.keys, "--format", "json")
		var report struct{ Subjects, Differed int }
		if err := json.Unmarshal([]byte(stdout), &report); code != 0 || err != nil {
			t.Fatalf("rebuild: exit %d, %v: %s", code, err, stderr)
		}
		if report.Differed != 0 || report.Subjects < len(who.addresses) {
			t.Errorf("rebuild: %+v", report)
		}
		if n := db.ledger(); n < int64(rows)*98/100 {
			t.Errorf("%d events", n)
		}
	})
}

// killAt imports the history and kills the server once its ledger has that many events.
func killAt(t *testing.T, p *process, key, file string, recorded int64) {
	t.Helper()
	checks := assentv1.NewConsentServiceClient(dial(t, p.grpc, key))
	ctx, cancel := context.WithCancel(t.Context())
	history := unfinished(ctx, t, file)
	var importing sync.WaitGroup
	importing.Go(func() {
		env := map[string]string{"ASSENT_SERVER": p.grpc, "ASSENT_API_KEY": key}
		lookup := func(name string) (string, bool) { value, ok := env[name]; return value, ok }
		if code := cli.Run(ctx, []string{"import", "consents", "-"}, lookup, history, io.Discard, io.Discard); code == 0 {
			t.Error("the import ended before the server was killed")
		}
	})
	for {
		got, err := checks.CheckConsent(t.Context(), &assentv1.CheckConsentRequest{Address: "a@example.at", Channel: "newsletter"})
		if err != nil {
			t.Fatal(err)
		}
		if got.GetDecision().GetPosition() >= recorded {
			break
		}
	}
	p.kill()
	cancel()
	importing.Wait()
}

// unfinished reads four fifths of a file and then waits for the context, so that an import of it cannot end before the server is killed.
func unfinished(ctx context.Context, t testing.TB, file string) io.Reader {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return io.MultiReader(bytes.NewReader(data[:len(data)*4/5]), waiting{ctx})
}

// waiting is a reader of which nothing comes until its context ends.
type waiting struct{ ctx context.Context }

func (w waiting) Read([]byte) (int, error) {
	<-w.ctx.Done()
	return 0, w.ctx.Err()
}

// ledger reads the whole ledger and fails unless its positions are 1…n and its recorded times in order. It returns n.
func (db *database) ledger() int64 {
	db.t.Helper()
	store, err := server.OpenStore(db.t.Context(), db.config())
	if err != nil {
		db.t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	tail := tailer{t: db.t}
	for tail.read(store) > 0 {
	}
	return tail.last
}
