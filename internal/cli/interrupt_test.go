package cli_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli"
)

// command makes the command line as a process of its own, asked by the fake.
func (f *fake) command(t *testing.T, args ...string) (cmd *exec.Cmd, stderr *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), childVariable+"=1", "ASSENT_SERVER="+f.address)
	stderr = &bytes.Buffer{}
	cmd.Stderr = stderr
	return cmd, stderr
}

// exit waits for the process and returns what it exited with; less than 0
// where a signal ended it.
func exit(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	// The code says what there is to know.
	_ = cmd.Wait()
	return cmd.ProcessState.ExitCode()
}

// hang lets the server not answer until the test ends, and says when it was asked.
func (f *fake) hang(t *testing.T) (asked chan struct{}) {
	t.Helper()
	asked, release := make(chan struct{}, 16), make(chan struct{})
	t.Cleanup(func() { close(release) })
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = func(proto.Message) (proto.Message, error) {
		asked <- struct{}{}
		<-release
		return nil, nil
	}
	return asked
}

func TestInterrupt_WhileStandardInputIsRead_EndsAtOnceWith130(t *testing.T) {
	f := startFake(t)
	for _, args := range [][]string{
		{"check", "-", "--channel", "newsletter"},
		{"erase", "anna@firma.example"},
		{"import", "consents", "-"},
		{"check", "--file", "-", "--channel", "newsletter", "--out", "-"},
		{"catalog", "lint", "-"},
		{"confirm", "-"},
	} {
		ctx, interrupt := context.WithCancel(t.Context())
		stdin, keyboard := io.Pipe()
		go func() {
			// It is taken when the command reads, which then waits for more.
			_, _ = keyboard.Write([]byte("a"))
			interrupt()
		}()
		var stderr bytes.Buffer
		code := cli.RunIn(ctx, cli.Surroundings{
			Env: map[string]string{"ASSENT_SERVER": f.address}, Stdin: stdin, Stdout: io.Discard, Stderr: &stderr, Terminal: true,
		}, args...)
		interrupt()
		if err := keyboard.Close(); err != nil {
			t.Fatal(err)
		}
		if code != 130 || !strings.HasSuffix(stderr.String(), "assent: interrupted\n") {
			t.Errorf("%v: exit %d, stderr %q", args, code, stderr.String())
		}
	}
	if len(f.calls) != 0 {
		t.Errorf("the server was asked %d times", len(f.calls))
	}
}

func TestSignal_WhileAPipeIsRead_EndsTheProcess(t *testing.T) {
	f := startFake(t)
	cmd, stderr := f.command(t, "import", "consents", "-")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// More than fits into a pipe: it is written once the process reads.
	if _, err := stdin.Write(bytes.Repeat([]byte("x"), 128<<10)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := exit(t, cmd); code != 130 || stderr.String() != "assent: interrupted\n" {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
}

func TestSignal_DuringAnImport_SaysHowFarItCame(t *testing.T) {
	f := startFake(t)
	f.answer = func(in proto.Message) (proto.Message, error) {
		out := &assentv1.BatchRecordEventsResponse{}
		batch, ok := in.(*assentv1.BatchRecordEventsRequest)
		if !ok {
			return nil, nil
		}
		for n := range batch.GetEvents() {
			out.Results = append(out.Results, &assentv1.RecordResult{Position: int64(n + 1)})
		}
		return out, nil
	}
	cmd, stderr := f.command(t, "import", "consents", "-")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	row := "2026-10-01T08:00:00Z,withdraw,anna@firma.example,newsletter\n"
	if _, err := io.WriteString(stdin, "occurred_time,event,address,channels\n"+strings.Repeat(row, 20_000)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	code := exit(t, cmd)
	if code != 143 || !strings.Contains(stderr.String(), "recorded before it ended; run the import again to go on.\n") ||
		!strings.HasSuffix(stderr.String(), "assent: interrupted\n") {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
}

func TestSignal_LeavesNoTemporaryFileBehind(t *testing.T) {
	// A process that was started with SIGHUP ignored, as by nohup, would hand that on to its children. One that handles it does not.
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(hangup) })
	for sent, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		f := startFake(t)
		asked := f.hang(t)
		folder := t.TempDir()
		audience := write(t, filepath.Join(folder, "audience.csv"), "address\nanna@firma.example\n")
		cmd, stderr := f.command(t, "check", "--file", audience, "--channel", "newsletter",
			"--out", filepath.Join(folder, "out.csv"), "--denied", filepath.Join(folder, "denied.csv"))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-asked
		if n := len(names(t, folder)); n != 3 {
			t.Fatalf("%d files while it runs, want the input and two temporary ones", n)
		}
		if err := cmd.Process.Signal(sent); err != nil {
			t.Fatal(err)
		}
		if code := exit(t, cmd); code != want || stderr.String() != "assent: interrupted\n" {
			t.Errorf("%v: exit %d, stderr %q", sent, code, stderr)
		}
		if diff := cmp.Diff([]string{"audience.csv"}, names(t, folder)); diff != "" {
			t.Errorf("%v left %s", sent, diff)
		}
	}
}

func TestReaderOfStandardOutputGoesAway_EndsQuietly_AndLeavesNoTemporaryFile(t *testing.T) {
	f := startFake(t)
	folder := t.TempDir()
	audience := write(t, filepath.Join(folder, "audience.csv"), "address\n"+strings.Repeat("anna@firma.example\n", 30_000))
	cmd, stderr := f.command(t, "check", "--file", audience, "--channel", "newsletter", "--out", "-", "--denied", filepath.Join(folder, "denied.csv"))
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stdout, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := stdout.Close(); err != nil {
		t.Fatal(err)
	}
	if code := exit(t, cmd); code != 141 || stderr.String() != "" {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
	if diff := cmp.Diff([]string{"audience.csv"}, names(t, folder)); diff != "" {
		t.Errorf("left %s", diff)
	}
}

func TestSignal_Ignored_IsIgnoredStill(t *testing.T) {
	f := startFake(t)
	asked := f.hang(t)
	cmd, _ := f.command(t, check()...)
	// As nohup does it, without its file of output.
	cmd.Args = append([]string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-asked
	for _, signal := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM} {
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
	}
	if code := exit(t, cmd); code != 143 {
		t.Errorf("exit %d: the ignored signal ended it", code)
	}
}
