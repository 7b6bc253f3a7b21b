package testdb_test

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

// TestPlay is a test only in a binary started by startPlay.
func TestPlay(t *testing.T) {
	switch os.Getenv("TESTDB_PLAY") {
	case "panic":
		fmt.Println(testdb.NewPostgresServer(t).URL())
		panic("as played")
	case "wait":
		fmt.Println(testdb.Postgres(t))
		select {}
	}
}

// startPlay starts this test binary again and returns the folder of the
// server that it made, and the server's process id.
func startPlay(t *testing.T, play string) (cmd *exec.Cmd, dir string, pid int) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPlay$", "-test.v=false")
	cmd.Env = append(os.Environ(), "TESTDB_PLAY="+play, "ASSENT_TEST_POSTGRES_URL=")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the other binary said %q: %v", line, err)
	}
	u, err := url.Parse(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	dir = u.Query().Get("host")
	return cmd, dir, serverPID(t, dir)
}

// serverPID returns the process id of the server in dir, and 0 where it has
// already ended.
func serverPID(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// wantGone waits until neither the server nor its folder is there.
func wantGone(t *testing.T, dir string, pid int) {
	t.Helper()
	testkit.Eventually(t, 30*time.Second, "the server has ended and its folder is removed", func() bool {
		_, err := os.Stat(dir)
		return errors.Is(err, fs.ErrNotExist) && !running(pid)
	})
}

// running reports whether a process is there and has not ended. One that has
// ended, but that no process has waited for, is a zombie: in a container
// without an init process the server stays one.
func running(pid int) bool {
	if pid == 0 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	return err != nil || !strings.Contains(string(status), "State:\tZ")
}

func TestPostgres_TestBinaryKilled_LeavesNothing(t *testing.T) {
	cmd, dir, pid := startPlay(t, "wait")
	if pid == 0 {
		t.Fatal("the server of the waiting binary does not run")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the killed binary ended well")
	}
	wantGone(t, dir, pid)
}

func TestPostgres_TestBinaryPanics_LeavesNothing(t *testing.T) {
	cmd, dir, pid := startPlay(t, "panic")
	if err := cmd.Wait(); err == nil {
		t.Error("the panicking binary ended well")
	}
	wantGone(t, dir, pid)
}
