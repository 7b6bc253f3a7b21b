package bench_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/bench"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

// tiny measures next to nothing.
func tiny() bench.Options {
	return bench.Options{
		Duration: 20 * time.Millisecond, Recipients: 200, Import: 1000, Audience: 10, Filter: 1000, Refusals: 30, Seed: 1,
		CheckFile: func(_ context.Context, address, key, channel, in, allowed, denied string) error {
			_, err := os.Stat(in)
			return err
		},
		Command: func(context.Context, string, string, ...string) error { return nil },
	}
}

// mustHold fails the test unless a report has figures of every case, each with a value.
func mustHold(t *testing.T, report bench.Report) {
	t.Helper()
	for _, name := range []string{
		"check-allow, 1 at once", "check-deny, 64 at once", "check-open, p99", "batch: addresses", "stream: addresses", "audience: rows",
		"withdraw, one at a time, p50", "grants, 64 writers: events", "record, batches of 1,000: events", "check during an import, p99",
		"withdraw during an import, p99", "snapshot: live heap, at most", "100 watchers, p99 from acknowledgement",
		"follower in clear: check", "follower, keyed: check", "filter: look-up of a hash", "filter: look-up of an address, hashed before",
		"clicks as they come, p99", "clicks on one link", "export: entries of a csv file", "export: entries of a filter file",
	} {
		found := false
		for _, f := range report.Figures {
			if f.Name == name {
				found = true
				if f.Value <= 0 || f.Unit == "" || (f.Baseline != "") != (f.BaselineValue > 0) || (f.Goal != "") != (f.Holds != nil) {
					t.Errorf("%+v", f)
				}
			}
		}
		if !found {
			t.Errorf("there is no figure %s", name)
		}
	}
}

func TestRun_SQLite_MeasuresEveryCase(t *testing.T) {
	report, err := bench.Run(t.Context(), tiny())
	if err != nil {
		t.Fatal(err)
	}
	mustHold(t, report)
	if report.Database != "SQLite" || report.Processors < 1 {
		t.Errorf("got %+v", report)
	}
}

func TestRun_Postgres_MeasuresEveryCase_AndMayBeRepeated(t *testing.T) {
	opts := tiny()
	opts.DatabaseURL = config.NewSecret(testdb.Postgres(t))
	opts.Keys = filepath.Join(t.TempDir(), "keys")
	if _, err := seal.Create(opts.Keys); err != nil {
		t.Fatal(err)
	}
	report, err := bench.Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	mustHold(t, report)
	opts.Only = regexp.MustCompile("^withdraw$")
	if report, err = bench.Run(t.Context(), opts); err != nil {
		t.Fatalf("once more: %v", err)
	}
	if report.Database != "PostgreSQL" || report.Figures[0].Name != "withdraw, one at a time, p50" {
		t.Errorf("once more: got %+v", report)
	}
}

// What a person said by a link before anything of a bench is of a database that is in use.
func TestRun_AfterClicksOfItsOwn_Goes_AfterThoseOfOthers_IsRefused(t *testing.T) {
	opts, path := tiny(), filepath.Join(t.TempDir(), "bench.db")
	opts.DatabaseURL, opts.Only, opts.Keys = config.NewSecret("sqlite:"+path), regexp.MustCompile("^clicks$"), path+".keys"
	if _, err := seal.Create(opts.Keys); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := bench.Run(t.Context(), opts); err != nil {
			t.Fatal(err)
		}
	}
	db, err := sql.Open("sqlite", path)
	if err == nil {
		_, err = db.ExecContext(t.Context(), "UPDATE events SET actor = 'recipient', batch = NULL WHERE position = 2")
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bench.Run(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "neither") {
		t.Errorf("got %v", err)
	}
}

func TestRun_RelativePath_IsTheSameFileForServerAndBareStatements(t *testing.T) {
	t.Chdir(t.TempDir())
	opts := tiny()
	opts.DatabaseURL, opts.Only = config.NewSecret("sqlite:rel.db"), regexp.MustCompile("^withdraw$")
	if _, err := bench.Run(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("rel.db"); err != nil {
		t.Error(err)
	}
}

func TestRun_NoSuchCase_NamesThem(t *testing.T) {
	opts := tiny()
	opts.Only = regexp.MustCompile("nonsense")
	if _, err := bench.Run(t.Context(), opts); !errors.Is(err, bench.ErrNoCase) || !strings.Contains(err.Error(), "check-allow") {
		t.Errorf("got %v", err)
	}
}

func TestReport_JSON_HasThisShape(t *testing.T) {
	holds := false
	report := bench.Report{
		Database: "SQLite", Processors: 2, Go: "go1", Recipients: 10,
		Figures: []bench.Figure{
			{Name: "plain", Value: 1.5, Unit: "/s"},
			{Name: "all", Value: 1, Unit: "ms", Baseline: "bare echo", BaselineValue: 2, Ratio: 0.5, Goal: "ratio ≥ 0.6", Holds: &holds},
		},
	}
	var got bytes.Buffer
	if err := report.WriteJSON(&got); err != nil {
		t.Fatal(err)
	}
	want := `{"database":"SQLite","processors":2,"go":"go1","recipients":10,"figures":[` +
		`{"name":"plain","value":1.5,"unit":"/s"},` +
		`{"name":"all","value":1,"unit":"ms","baseline":"bare echo","baselineValue":2,"ratio":0.5,"goal":"ratio ≥ 0.6","holds":false}]}`
	var compact bytes.Buffer
	if err := json.Compact(&compact, got.Bytes()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, compact.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReport_Table_SaysWhatHolds(t *testing.T) {
	yes, no := true, false
	report := bench.Report{Database: "SQLite", Figures: []bench.Figure{
		{Name: "one", Value: 12345, Unit: "/s", Goal: "≥ 10 /s", Holds: &yes}, {Name: "other", Value: 0.5, Unit: "ms", Goal: "≤ 0.1 ms", Holds: &no},
	}}
	var got strings.Builder
	if err := report.WriteTable(&got); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"one     12345 /s", "≥ 10 /s   yes", "other   0.5 ms", "≤ 0.1 ms  NO"} {
		if !strings.Contains(got.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, got.String())
		}
	}
	report.WithoutGoals()
	got.Reset()
	if err := report.WriteTable(&got); err != nil {
		t.Fatal(err)
	}
	if text := got.String(); strings.Contains(text, "GOAL") || strings.Contains(text, "NO") || !strings.Contains(text, "12345 /s") {
		t.Errorf("without goals:\n%s", text)
	}
}
