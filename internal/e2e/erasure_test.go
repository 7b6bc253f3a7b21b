package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/server"
)

// erasures are the erasures of the example history.
type erasures struct {
	last     map[string]time.Time // of an exact address
	cameBack map[string]bool      // the exact addresses of which something occurred after their last erasure
	refused  int                  // rows that permit something and occurred at or before the erasure of their address
	count    int
}

func exactForm(t testing.TB, typed string) string {
	t.Helper()
	a, err := address.Parse(typed)
	if err != nil {
		return typed // The audience has some that are no addresses.
	}
	return a.Exact()
}

func readErasures(t testing.TB, header []string, rows [][]string) erasures {
	t.Helper()
	column := func(name string) int { return slices.Index(header, name) }
	occurred := func(row []string) time.Time {
		at, err := time.Parse(time.RFC3339Nano, row[column("occurred_time")])
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	e := erasures{last: map[string]time.Time{}, cameBack: map[string]bool{}}
	for _, row := range rows {
		if row[column("event")] != "erase" {
			continue
		}
		e.count++
		exact := exactForm(t, row[column("address")])
		if at := occurred(row); at.After(e.last[exact]) {
			e.last[exact] = at
		}
	}
	permits := []string{"grant", "request", "confirm"}
	for _, row := range rows {
		exact := exactForm(t, row[column("address")])
		switch last, is := e.last[exact]; {
		case !is:
		case occurred(row).After(last):
			e.cameBack[exact] = true
		case slices.Contains(permits, row[column("event")]):
			e.refused++
		}
	}
	return e
}

// write writes the history into a folder of the test's, for an import puts what it rejects beside it.
func (e *example) write(t testing.TB) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "events.csv")
	e.writeTo(t, file)
	return file
}

// writeTo writes the history to a file, packed if its name ends in ".gz".
func (e *example) writeTo(t testing.TB, file string) {
	t.Helper()
	var out bytes.Buffer
	err := csv.NewWriter(&out).WriteAll(append([][]string{e.header}, e.rows...))
	if strings.HasSuffix(file, ".gz") {
		text := bytes.Clone(out.Bytes())
		out.Reset()
		packer := gzip.NewWriter(&out)
		_, wrong := packer.Write(text)
		err = errors.Join(err, wrong, packer.Close())
	}
	if err = errors.Join(err, os.WriteFile(file, out.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// eraseExample has the erasures of the history carried out, which was imported from the file into the database, and imports it again.
// No server runs over the database.
func eraseExample(t *testing.T, db *database, who *audience, file string) {
	t.Helper()
	header, rows := table(t, file)
	erased := readErasures(t, header, rows)
	before := carryOut(t, db, erased)

	s := db.serve(nil)
	consent := assentv1.NewConsentServiceClient(dial(t, s.GRPC, s.key))
	got, _ := who.answers(t, consent, exampleTime)
	who.compareErased(t, got, erased)
	strict, _ := who.answers(t, consent, nil)
	for i, typed := range who.addresses {
		if _, is := erased.last[exactForm(t, typed)]; is && !strings.HasPrefix(strict[i], "DENY") && !erased.cameBack[exactForm(t, typed)] {
			t.Errorf("id %d was erased and is answered %q", i, strict[i])
		}
	}

	code, stdout, stderr := command(t, s.GRPC, s.key, "import", "consents", file, "--format", "json")
	var again struct {
		imported
		ErasedBefore int
	}
	if err := json.Unmarshal([]byte(stdout), &again); err != nil {
		t.Fatalf("exit %d, %v: %s", code, err, stderr)
	}
	if code != 0 || again.Recorded != 0 || again.Rejected != 0 || again.ErasedBefore != erased.refused ||
		again.Duplicates+again.ErasedBefore != len(rows) {
		t.Errorf("the old file again: exit %d, %+v; want %d refused of %d", code, again, erased.refused, len(rows))
	}
	got, _ = who.answers(t, consent, exampleTime)
	who.compareErased(t, got, erased)
	noAddresses(t, s)
	s.stop()
	if after := carryOut(t, db, erasures{}); after != before {
		t.Errorf("the ledger grew from %d to %d", before, after)
	}
}

// compareErased wants the expected answers but of the persons that an erasure after the time asked about has taken out of all history, who
// are denied.
func (a *audience) compareErased(t testing.TB, got []string, erased erasures) {
	t.Helper()
	differ := 0
	want := slices.Clone(a.want)
	for i, typed := range a.addresses {
		if got[i] == want[i] {
			continue
		}
		if erased.last[exactForm(t, typed)].After(exampleTime.AsTime()) && strings.HasPrefix(got[i], "DENY ") {
			differ++
			want[i] = got[i]
		}
	}
	compare(t, "as of the example's time", got, want)
	if differ != a.erasedLater {
		t.Errorf("%d answers differ because of a later erasure, want %d", differ, a.erasedLater)
	}
}

// carryOut carries out the erasures in a process of its own, as the daily job does, verifies the ledger and rebuilds its states, and
// returns its last position.
func carryOut(t testing.TB, db *database, erased erasures) int64 {
	t.Helper()
	local, err := server.OpenService(t.Context(), db.config(), server.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = local.Close() }()
	ctx := server.AsLocal(t.Context())
	done, err := local.ErasePending(ctx, false)
	if err != nil || len(done.Held) != 0 || (len(done.Erased) > 0) != (erased.count > 0) {
		t.Fatalf("%+v, %v", done, err)
	}
	t.Logf("%d erasures were carried out", len(done.Erased))
	if again, err := local.ErasePending(ctx, true); err != nil || len(again.Erased) != 0 || len(again.Held) != 0 {
		t.Errorf("erasures are left: %+v, %v", again, err)
	}
	rebuilt, err := local.Rebuild(ctx, func(int) {})
	if err != nil || rebuilt.Differed != 0 {
		t.Errorf("%d states differ, %v", rebuilt.Differed, err)
	}
	point, err := local.Checkpoint(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return point.Size
}
