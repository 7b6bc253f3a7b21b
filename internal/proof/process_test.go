package proof

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// process is a server that runs as a process of its own.
type process struct {
	grpc  string
	http  string
	cmd   *exec.Cmd
	input io.Closer
	ended chan struct{} // closed when its log has ended

	mu  sync.Mutex
	log bytes.Buffer
}

// program builds the shipped binary.
func program(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "assent")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "../../cmd/assent")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	return path
}

// launch starts a server and returns when it serves. It must be killed.
func launch(dir string, env []string, name string, args ...string) (*process, error) {
	p := &process{ended: make(chan struct{})}
	p.cmd = exec.Command(name, args...) //nolint:noctx // The caller kills it, after the last cleanup.
	p.cmd.Dir, p.cmd.Env = dir, append(os.Environ(), env...)
	log, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if p.input, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	serves := make(chan [2]string, 1)
	go p.follow(log, serves)
	select {
	case at := <-serves:
		p.grpc, p.http = at[0], at[1]
		return p, nil
	case <-p.ended:
		p.kill()
		return nil, fmt.Errorf("the server did not start: %s", p.text())
	}
}

// follow keeps what the process logs and tells when it serves.
func (p *process) follow(log io.Reader, serves chan<- [2]string) {
	defer close(p.ended)
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Msg  string `json:"msg"`
			GRPC string `json:"grpc_address"`
			HTTP string `json:"http_address"`
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
			serves <- [2]string{line.GRPC, line.HTTP}
		}
		p.mu.Lock()
		p.log.Write(append(lines.Bytes(), '\n'))
		p.mu.Unlock()
	}
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// kill ends the process at once, as the end of its machine would, even while it is paused. It may be called again.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
	_ = p.cmd.Wait()
	_ = p.input.Close()
}

func (p *process) pause() error  { return p.cmd.Process.Signal(syscall.SIGSTOP) }
func (p *process) resume() error { return p.cmd.Process.Signal(syscall.SIGCONT) }

// mustHaveNoRaces fails if the race detector spoke up in the process.
func (p *process) mustHaveNoRaces(t testing.TB) {
	t.Helper()
	if bytes.Contains([]byte(p.text()), []byte("DATA RACE")) {
		t.Errorf("a server has a data race: %s", p.text())
	}
}

// declaration is the text that consents of the tests agree to.
func declaration() *assentv1.DeclarationRef {
	return &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"}
}
