package proof

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/cli"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

// eachStore runs a test on a fresh database of each kind.
func eachStore(t *testing.T, test func(t *testing.T, settings config.Server)) {
	t.Helper()
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			settings := config.Server{
				Keys: filepath.Join(dir, "assent.keys"), Migrate: true, GRPCAddress: "127.0.0.1:0", HTTPAddress: "127.0.0.1:0",
				Catalog: mustAbs(t, "../../examples/catalogs/acme.yaml"), LogLevel: slog.LevelInfo, LogFormat: config.LogJSON,
				DatabaseURL: config.NewSecret("sqlite:" + filepath.Join(dir, "assent.db")),
			}
			if kind == "postgres" {
				settings.DatabaseURL = config.NewSecret(testdb.Postgres(t))
			}
			if _, err := seal.Create(settings.Keys); err != nil {
				t.Fatal(err)
			}
			test(t, settings)
		})
	}
}

// crashing is a server of the shipped program that is killed again and again, and the clients that write to it.
type crashing struct {
	t        *testing.T
	settings config.Server
	program  string
	key      string
	writers  []*crashWriter
}

func TestServer_KilledAgainAndAgain_WhatWasAcknowledgedIsThereOnce(t *testing.T) {
	binary := program(t)
	eachStore(t, func(t *testing.T, settings config.Server) {
		seed := seeded(t)
		c := &crashing{t: t, settings: settings, program: binary, key: createAdmin(t, settings)}
		for n := range 6 {
			c.writers = append(c.writers, newCrashWriter(t, newDice(seed, fmt.Sprint("writer ", n)), n))
		}
		d, began := newDice(seed, "kills"), time.Now()
		rounds, enough := 0, forms(5, 110)
		for n := 0; n < enough || c.interrupted() == 0 && n < 10*enough; n++ {
			rounds = n + 1
			c.round(d.between(0, 400*time.Millisecond))
			if n%10 == 9 {
				c.verify()
			}
			if t.Failed() {
				t.Fatalf("in round %d", n)
			}
		}
		c.last()
		t.Logf("%d rounds in %s, %d events, %d writes repeated after a kill", rounds, time.Since(began).Round(time.Second), c.ledger(), c.interrupted())
		if c.interrupted() == 0 {
			t.Error("no write was interrupted, which proves little")
		}
	})
}

// interrupted returns how many writes were under way when the server was killed.
func (c *crashing) interrupted() (n int) {
	for _, w := range c.writers {
		n += w.interrupted
	}
	return n
}

// start runs the server.
func (c *crashing) start() *process {
	c.t.Helper()
	p, err := launch(c.t.TempDir(), nil, c.program, "serve", "--database-url", c.settings.DatabaseURL.Reveal(), "--keys", c.settings.Keys,
		"--catalog", c.settings.Catalog, "--migrate", "--grpc-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0", "--log-format", "json")
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(p.kill)
	return p
}

// round starts the server and kills it after a while, under load.
func (c *crashing) round(after time.Duration) {
	c.t.Helper()
	p := c.start()
	stop := make(chan struct{})
	var all sync.WaitGroup
	for _, w := range c.writers {
		r := connect(c.t, p.grpc, c.key)
		all.Go(func() { w.round(r, stop) })
	}
	wait(nil, after)
	p.kill()
	close(stop)
	all.Wait()
}

// last lets all writers end what they began, and asks about everything they know.
func (c *crashing) last() {
	c.t.Helper()
	p := c.start()
	defer p.kill()
	for _, w := range c.writers {
		r := connect(c.t, p.grpc, c.key)
		if !w.settle(r) || !w.askAll(r) || !w.repeatAll(r) {
			c.t.Error("the last server did not answer everything")
		}
	}
}

// verify holds the database against its ledger, and all states against a fold of the events.
func (c *crashing) verify() {
	c.t.Helper()
	var rebuilt struct{ Subjects, Differed int }
	c.command(&rebuilt, "ledger", "rebuild")
	if rebuilt.Differed != 0 || rebuilt.Subjects == 0 {
		c.t.Errorf("rebuild: %+v", rebuilt)
	}
	var verified map[string]any
	c.command(&verified, "ledger", "verify")
}

func (c *crashing) command(into any, args ...string) {
	c.t.Helper()
	args = append(args, "--database-url", c.settings.DatabaseURL.Reveal(), "--keys", c.settings.Keys, "--format", "json")
	var out, errs bytes.Buffer
	unset := func(string) (string, bool) { return "", false }
	if code := cli.Run(c.t.Context(), args, unset, strings.NewReader(""), &out, &errs); code != 0 {
		c.t.Fatalf("%s: exit %d: %s%s", args[1], code, out.String(), errs.String())
	}
	if err := json.Unmarshal(out.Bytes(), into); err != nil {
		c.t.Fatal(err)
	}
}

// ledger reads the whole ledger, which must have one event for each acknowledged write, and no other event but the catalog.
func (c *crashing) ledger() (events int64) {
	c.t.Helper()
	c.verify()
	known := map[int64]string{}
	for _, w := range c.writers {
		for _, done := range w.done {
			if other, ok := known[done.answer.position]; ok {
				c.t.Errorf("position %d was given to %s and to %s", done.answer.position, other, done.id)
			}
			known[done.answer.position] = done.id
		}
	}
	store, err := server.OpenStore(c.t.Context(), c.settings)
	if err != nil {
		c.t.Fatal(err)
	}
	defer store.Close()
	for last := int64(0); ; {
		_, records, err := store.Ledger(c.t.Context(), last, 1000)
		if err != nil {
			c.t.Fatal(err)
		}
		for i := range records {
			e := &records[i].Event
			if last++; e.Position != last {
				c.t.Fatalf("position %d stands where %d belongs", e.Position, last)
			}
			if _, ok := known[last]; !ok && e.Kind != consent.KindCatalog {
				c.t.Errorf("position %d, a %v, was acknowledged to nobody", last, e.Kind)
			}
			delete(known, last)
		}
		if len(records) == 0 {
			for position, id := range known {
				c.t.Errorf("position %d of %s was acknowledged and is not in the ledger", position, id)
			}
			return last
		}
	}
}
