package testdb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/testkit"
)

// poolerTime bounds the life of a pooler after its test binary was killed.
const poolerTime = "900"

// PgBouncer starts a PgBouncer in transaction mode before the server of the database at the URL. It returns a function that turns the URL
// of a database on that server into one by which the pooler reaches it. It ends with the test.
func PgBouncer(t testing.TB, databaseURL string) func(databaseURL string) string {
	t.Helper()
	target, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // where Debian puts it, which is not in the PATH of every user
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatal("no PgBouncer for the tests: install it (Debian, Ubuntu: apt-get install pgbouncer); `make test` does when it runs as root")
	}
	port := freePort(t)
	server := fmt.Sprintf("* = host=%s port=%d user=%s", target.Host, target.Port, target.User)
	if target.Password != "" {
		server += " password=" + target.Password
	}
	lines := []string{
		"[databases]", server,
		"[pgbouncer]", "listen_addr = 127.0.0.1", "listen_port = " + port, "unix_socket_dir =", "auth_type = any",
		"pool_mode = transaction", "default_pool_size = 6", "max_client_conn = 1000", "server_login_retry = 0.2",
		// A recycled database has ended the connections of the test before: none of those is handed out.
		"server_check_delay = 0",
	}
	runPooler(t, program, strings.Join(lines, "\n")+"\n")
	awaitPort(t, port)
	return func(databaseURL string) string {
		u, err := url.Parse(databaseURL)
		if err != nil {
			t.Fatal(err)
		}
		u.User, u.Host, u.RawQuery = url.User(target.User), "127.0.0.1:"+port, "sslmode=disable"
		return u.String()
	}
}

// runPooler runs a PgBouncer with a configuration until the test ends.
func runPooler(t testing.TB, program, config string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "assent-pgbouncer-") //nolint:usetesting // Another user has to read it.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	file := filepath.Join(dir, "pgbouncer.ini")
	credential, err := serverUser()
	if err == nil {
		err = os.WriteFile(file, []byte(config), 0o600)
	}
	for _, path := range []string{dir, file} {
		if err == nil && credential != nil {
			err = os.Chown(path, int(credential.Uid), int(credential.Gid))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "timeout", "--signal=INT", poolerTime, program, "--quiet", file)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, os.Stderr, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // It has ended if it cannot be told to.
		_ = cmd.Wait()                          // It ends by a signal.
	})
}

func freePort(t testing.TB) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err := errors.Join(err, listener.Close()); err != nil {
		t.Fatal(err)
	}
	return port
}

func awaitPort(t testing.TB, port string) {
	t.Helper()
	testkit.Eventually(t, 20*time.Second, "PgBouncer answers", func() bool {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", "127.0.0.1:"+port)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
}
