package schema_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/storage/schema"
)

// fake is a database that remembers which migrations ran.
type fake struct {
	version int
	dirty   bool
	ran     []string
	fails   string // the migration that fails
	closed  int
}

func (f *fake) Open(string) (database.Driver, error) { return f, nil }
func (f *fake) Close() error                         { f.closed++; return nil }
func (f *fake) Lock() error                          { return nil }
func (f *fake) Unlock() error                        { return nil }
func (f *fake) Drop() error                          { return errors.New("dropped") }
func (f *fake) Version() (int, bool, error)          { return f.version, f.dirty, nil }

func (f *fake) SetVersion(version int, dirty bool) error {
	f.version, f.dirty = version, dirty
	return nil
}

func (f *fake) Run(migration io.Reader) error {
	script, err := io.ReadAll(migration)
	if err != nil {
		return err
	}
	if string(script) == f.fails {
		return errors.New("syntax error")
	}
	f.ran = append(f.ran, string(script))
	return nil
}

func migrator(f *fake) *schema.Migrator {
	files := fstest.MapFS{}
	for _, name := range []string{"0001_a", "0002_b", "0004_c"} {
		files["sql/"+name+".up.sql"] = &fstest.MapFile{Data: []byte("up " + name)}
		files["sql/"+name+".down.sql"] = &fstest.MapFile{Data: []byte("down " + name)}
	}
	return schema.NewMigrator(schema.Database{
		Migrations: files, Folder: "sql",
		Version:  func(context.Context) (uint, bool, error) { return uint(max(f.version, 0)), f.dirty, nil },
		Driver:   func(context.Context) (database.Driver, error) { return f, nil },
		Classify: func(_ context.Context, _ string, err error) error { return err },
		Release:  func() error { return nil },
	})
}

func TestMigrator_DownTakesBackTheStepsGiven(t *testing.T) {
	t.Parallel()
	f := &fake{version: database.NilVersion}
	m := migrator(f)
	if err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.Down(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	status, err := m.Status(t.Context())
	if err != nil || status != (schema.Status{Version: 1, Latest: 4}) {
		t.Errorf("Status() = %+v, %v, want version 1 of 4", status, err)
	}
	if err := m.Down(t.Context(), 9); err != nil {
		t.Fatal(err)
	}
	want := []string{"up 0001_a", "up 0002_b", "up 0004_c", "down 0004_c", "down 0002_b", "down 0001_a"}
	if diff := cmp.Diff(want, f.ran); diff != "" {
		t.Errorf("what ran (-want +got):\n%s", diff)
	}
	if f.closed != 3 {
		t.Errorf("the database was closed %d times for 3 runs", f.closed)
	}
}

func TestMigrator_MigrationFails_IsReported(t *testing.T) {
	t.Parallel()
	f := &fake{version: 1, fails: "up 0004_c"}
	m := migrator(f)
	if err := m.Up(t.Context()); err == nil {
		t.Error("Up returned no error")
	}
	if !slices.Equal(f.ran, []string{"up 0002_b"}) {
		t.Errorf("%v ran, want the migration before the one that fails", f.ran)
	}
	if err := m.Up(t.Context()); !errors.Is(err, schema.ErrDirty) {
		t.Errorf("Up of what stopped halfway returned the error %v, want ErrDirty", err)
	}
}

func TestMigrator_ContextIsDone_RunsNothing(t *testing.T) {
	t.Parallel()
	f := &fake{version: 1}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := migrator(f).Up(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Up returned the error %v, want that of its context", err)
	}
	if len(f.ran) != 0 {
		t.Errorf("%v ran", f.ran)
	}
}

func TestStatus_Check(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status schema.Status
		want   error
	}{
		{schema.Status{Version: 3, Latest: 3}, nil},
		{schema.Status{Version: 2, Latest: 3}, schema.ErrOlder},
		{schema.Status{Version: 0, Latest: 3}, schema.ErrOlder},
		{schema.Status{Version: 4, Latest: 3}, schema.ErrNewer},
		{schema.Status{Version: 3, Latest: 3, Dirty: true}, schema.ErrDirty},
		{schema.Status{Version: 4, Latest: 3, Dirty: true}, schema.ErrDirty},
	} {
		if err := c.status.Check(); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%+v: got the error %v, want %v", c.status, err, c.want)
		}
	}
}
