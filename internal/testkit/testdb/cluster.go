package testdb

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// watchdogScript runs beside each server; its head says what it does.
//
//go:embed watchdog.sh
var watchdogScript string

// orderTimeout bounds each order to the watchdog, on a machine that is busy.
const orderTimeout = 90 * time.Second

// cluster is a PostgreSQL server of this test binary, with its watchdog.
type cluster struct {
	dir      string
	watchdog *exec.Cmd
	orders   *os.File
	answers  *os.File
	lines    *bufio.Reader
}

// initialised is a folder that initdb has filled, of which each server of this test binary gets a copy: initdb takes five times as long.
//
//nolint:gochecknoglobals // One for a test binary is the point. It ends with the binary, as the server that tests share does.
var initialised = sync.OnceValues(func() (*cluster, error) { return newFolder("", "", "initdb") })

// newCluster makes a server in a temporary folder and starts it. Each setting
// is "name=value" for postgresql.conf and goes over those of defaultSettings.
func newCluster(settings ...string) (*cluster, error) {
	from, err := initialised()
	if err != nil {
		return nil, err
	}
	return newFolder(strings.Join(settings, "\n"), from.dir, "make", "start")
}

// newFolder makes a temporary folder with a watchdog, and gives it the orders.
func newFolder(settings, from string, orders ...string) (*cluster, error) {
	bin, err := findPrograms(os.Getenv("PATH"), "/usr/lib/postgresql/*/bin")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "assent-pg-")
	if err != nil {
		return nil, fmt.Errorf("folder for PostgreSQL: %w", err)
	}
	conf := strings.Join(append(defaultSettings(dir), settings), "\n")
	c, err := watch(dir, bin, conf, from)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	for _, order := range orders {
		if err := c.order(order); err != nil {
			return nil, errors.Join(err, c.end())
		}
	}
	return c, nil
}

// defaultSettings makes a server that only this machine's users can reach and
// that is fast. Without fsync it still survives the end of its own process,
// which is what tests bring about; only a crash of the machine would harm it.
func defaultSettings(dir string) []string {
	return []string{
		"listen_addresses = ''",
		"unix_socket_directories = '" + dir + "'",
		"max_connections = 200",
		"shared_buffers = 64MB",
		"fsync = off",
		"full_page_writes = off",
		"timezone = UTC",
	}
}

// watch starts the watchdog over an empty folder, as a user that PostgreSQL accepts, in a session of its own: Ctrl-C in
// the terminal of the tests must not end it before it has cleaned up.
func watch(dir, bin, conf, from string) (*cluster, error) {
	credential, err := serverUser()
	if err != nil {
		return nil, err
	}
	if credential != nil {
		if err := os.Chown(dir, int(credential.Uid), int(credential.Gid)); err != nil {
			return nil, err
		}
	}
	orderReader, orderWriter, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	answerReader, answerWriter, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, orderReader.Close(), orderWriter.Close())
	}
	cmd := exec.Command("/bin/sh", "-c", watchdogScript, "assent-pg-watchdog", dir, bin, conf, from) //nolint:noctx // It must outlive every context of the test binary.
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + dir}
	cmd.Stdin, cmd.Stdout = orderReader, answerWriter
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: credential}
	err = errors.Join(cmd.Start(), orderReader.Close(), answerWriter.Close())
	if err != nil {
		return nil, errors.Join(err, orderWriter.Close(), answerReader.Close())
	}
	return &cluster{
		dir: dir, watchdog: cmd, orders: orderWriter, answers: answerReader, lines: bufio.NewReader(answerReader),
	}, nil
}

// serverUser returns the user to run the server as. It is the current user, except for root: PostgreSQL refuses to run
// as root, so serverUser then returns the user postgres.
func serverUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root: %w", err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user postgres: %w", err)
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user postgres: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// order has the watchdog do something and waits until it is done.
func (c *cluster) order(word string) error {
	if _, err := io.WriteString(c.orders, word+"\n"); err != nil {
		return fmt.Errorf("PostgreSQL's watchdog: %w", err)
	}
	if err := c.answers.SetReadDeadline(time.Now().Add(orderTimeout)); err != nil {
		return fmt.Errorf("PostgreSQL's watchdog: %w", err)
	}
	answer, err := c.lines.ReadString('\n')
	if err != nil {
		return fmt.Errorf("PostgreSQL did not %s: %w", word, err)
	}
	if answer != "ok\n" {
		return fmt.Errorf("PostgreSQL did not %s:\n%s", word, c.log())
	}
	return nil
}

// log returns what initdb, pg_ctl and the server wrote.
func (c *cluster) log() string {
	var all strings.Builder
	for _, name := range []string{"log", "server.log"} {
		text, err := os.ReadFile(filepath.Join(c.dir, name))
		if err == nil {
			all.Write(text)
		}
	}
	return all.String()
}

// end stops the server, removes its folder and waits until both is done.
func (c *cluster) end() error {
	return errors.Join(c.orders.Close(), c.watchdog.Wait(), c.answers.Close())
}

// url returns the connection URL of a database of the server.
func (c *cluster) url(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.User("postgres"),
		Path:     "/" + database,
		RawQuery: url.Values{"host": {c.dir}}.Encode(),
	}
	return u.String()
}
