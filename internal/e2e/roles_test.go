package e2e

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

// roles are database roles made as the page of operations says, under names of their own: roles are those of the whole server.
type roles struct {
	t      *testing.T
	suffix string
	url    string // of the superuser
	blocks [][]string
}

var documentedRole = regexp.MustCompile(`\bassent_(owner|server|purge|verify|backup)\b`)

// newRoles reads the statements of the page, and drops at the end of the test what the first block of them makes.
func newRoles(t *testing.T) *roles {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("../..", "docs/operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, below, ok := strings.Cut(string(page), "\n### Rights of the database roles\n")
	if !ok {
		t.Fatal("the page has no section of the roles")
	}
	other := testdb.Postgres(t) // dropped last: roles are dropped through it when what they own is gone
	r := &roles{t: t, suffix: "_" + strings.ToLower(rand.Text())}
	for _, found := range regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(below, 2) {
		r.blocks = append(r.blocks, strings.Split(strings.TrimSpace(r.renamed(found[1])), "\n"))
	}
	if len(r.blocks) != 2 || len(r.blocks[0]) < 9 {
		t.Fatalf("the page has the statements %q", r.blocks)
	}
	t.Cleanup(func() {
		for _, role := range slices.Sorted(slices.Values(r.names())) {
			r.run(context.WithoutCancel(t.Context()), other, "DROP ROLE IF EXISTS "+role)
		}
	})
	r.url = testdb.Postgres(t)
	return r
}

func (r *roles) renamed(text string) string {
	return documentedRole.ReplaceAllString(text, "${0}"+r.suffix)
}

func (r *roles) names() []string {
	var names []string
	for _, name := range []string{"owner", "server", "purge", "verify", "backup"} {
		names = append(names, r.renamed("assent_"+name))
	}
	return names
}

// as returns the URL of the database with a role of the page.
func (r *roles) as(role string) string {
	u, err := url.Parse(r.url)
	if err != nil {
		r.t.Fatal(err)
	}
	u.User = url.User(r.renamed(role))
	return u.String()
}

func (r *roles) run(ctx context.Context, database string, statements ...string) {
	r.t.Helper()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		r.t.Error(err)
		return
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			r.t.Errorf("%s: %v", statement, err)
		}
	}
}

func TestOperations_RolesWithTheLeastRights_DoWhatThePageSays(t *testing.T) {
	r := newRoles(t)
	db := &database{t: t, dir: t.TempDir(), catalog: mustAbs(t, acmeCatalog)}
	db.keys = filepath.Join(db.dir, "assent.keys")
	if _, err := seal.Create(db.keys); err != nil {
		t.Fatal(err)
	}
	local := func(role string, args ...string) (int, string) {
		args = append(args, "--database-url", r.as(role))
		code, stdout, stderr := command(t, "", "", args...)
		return code, stdout + stderr
	}
	r.run(t.Context(), r.url, r.blocks[0]...)
	if code, out := local("assent_server", "migrate", "up"); code == 0 {
		t.Fatalf("the role that serves made tables: %s", out)
	}
	if code, out := local("assent_owner", "migrate", "up"); code != 0 {
		t.Fatalf("migrate: exit %d: %s", code, out)
	}
	r.run(t.Context(), r.url, r.blocks[1]...)

	db.url = r.as("assent_server")
	running := db.serve(nil)
	must(t, running, "withdraw", "anna@example.com", "--channel", "newsletter")
	must(t, running, "erase", "anna@example.com", "--operator", "dpo", "--yes")
	must(t, running, "retention", "run")
	running.stop()
	if code, out := local("assent_server", "ledger", "rebuild", "--keys", db.keys); code != 0 {
		t.Errorf("rebuild: exit %d: %s", code, out)
	}
	if code, out := local("assent_verify", "ledger", "verify", "--keys", db.keys); code != 0 || !strings.Contains(out, " 0 findings") {
		t.Errorf("verify: exit %d: %s", code, out)
	}
	if code, out := local("assent_verify", "ledger", "rebuild", "--keys", db.keys); code == 0 {
		t.Errorf("the role that verifies made states anew: %s", out)
	}
	postgresProgram(t, "pg_dump", "--no-owner", "--file", filepath.Join(db.dir, "assent.sql"), r.as("assent_backup"))
	r.purge(local)
}

// purge wants every lack of rights said before anything is done, and the purge done by the role that has them.
func (r *roles) purge(local func(role string, args ...string) (int, string)) {
	t := r.t
	for role, want := range map[string][]string{
		"assent_server": {"to rewrite case_entries, cases, claims,", "GRANT assent_owner TO assent_server;", "GRANT pg_checkpoint TO assent_server;"},
		"assent_owner":  {"to write a checkpoint", "GRANT pg_checkpoint TO assent_owner;"},
		"assent_verify": {"to read and change ledger_head", "GRANT SELECT, DELETE ON revisions TO assent_verify;"},
	} {
		code, out := local(role, "ledger", "purge")
		for _, part := range append(want, "nothing was changed") {
			if part = r.renamed(part); code == 0 || !strings.Contains(out, part) {
				t.Errorf("purge as %s: exit %d, want %q in\n%s", role, code, part, out)
			}
		}
		if role == "assent_owner" && strings.Contains(out, "rewrite") {
			t.Errorf("the owner of the tables may rewrite them, yet: %s", out)
		}
	}
	if code, out := local("assent_purge", "ledger", "purge"); code != 0 || !strings.Contains(out, "purged") {
		t.Errorf("purge: exit %d: %s", code, out)
	}
}
