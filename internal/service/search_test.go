package service

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage/tables"
)

// cell is a value of the database, whatever its type, as bytes.
type cell struct {
	table, column string
	value         []byte
}

// tables returns the names of all tables with those of their columns, as the database itself lists them.
func (r *raw) tables() map[string][]string {
	r.t.Helper()
	query := `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()`
	if r.sqlite() {
		query = `SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'`
	}
	all := map[string][]string{}
	r.each(query, func(rows *sql.Rows) error {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return err
		}
		all[table] = append(all[table], column)
		return nil
	})
	return all
}

func (r *raw) sqlite() bool { return r.dialect.Replace("$") == "?" }

func (r *raw) each(query string, scan func(*sql.Rows) error, args ...any) {
	r.t.Helper()
	rows, err := r.db.QueryContext(r.t.Context(), r.dialect.Replace(query), args...)
	if err != nil {
		r.t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			r.t.Fatalf("%s: %v", query, err)
		}
	}
	if err := rows.Err(); err != nil {
		r.t.Fatalf("%s: %v", query, err)
	}
}

// cells reads every value of every table.
func (r *raw) cells() []cell {
	r.t.Helper()
	var all []cell
	for table, columns := range r.tables() {
		r.each("SELECT "+strings.Join(columns, ", ")+" FROM "+table, func(rows *sql.Rows) error {
			values, dest := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				dest[i] = &values[i]
			}
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			for i, v := range values {
				b, ok := v.([]byte)
				if !ok {
					b = fmt.Append(nil, v)
				}
				all = append(all, cell{table, columns[i], bytes.Clone(b)})
			}
			return nil
		})
	}
	return all
}

// searched says of each table why an erasure has nothing to leave in it, or what is looked for there. A table that is missing has to
// be thought about: what of a person may stand in it, and does an erasure reach it? What package tables says not to be about persons need
// not be named.
func searched() []string {
	names := []string{
		"ledger_head", "catalogs", "catalog_refs", // say nothing of any person
		"events", "subjects", "requests", "claims", // plain, and opened with every key
		"list_hashes",               // holds keyed digests, sealed, which is opened
		"feed_removals",             // holds the address, sealed, until the consumers that know it were told, and P30D at most
		"webhook_deliveries",        // is emptied of what it is about; what tells to forget it has the address, sealed, as feed_removals has
		"hints",                     // holds keyed digests, and the address and what was said of it, sealed; an erasure deletes its rows
		"soft_bounces",              // holds keyed digests; an erasure deletes its rows
		"contacts", "personal_caps", // hold keyed digests; an erasure deletes their rows
		"cases", "case_entries", // hold a keyed digest, and the address and what was said, sealed; an erasure takes these
		"mailboxes",                               // holds keyed digests: after an erasure none that leads to what was erased
		"revisions",                               // holds keyed digests, as subjects does, and says nothing else
		"states", "disclosures", "erased_returns", // name subjects by id, and say nothing else of them
		"request_positions", // names requests by their digests and events by their positions
		"schema_migrations", "schema_versions", "sqlite_sequence",
	}
	for _, table := range tables.All() {
		if !table.Persons {
			names = append(names, table.Name)
		}
	}
	return names
}

// opened opens whatever can be opened with the keys, under every purpose and everything that it may be tied to.
func opened(t testing.TB, keys *seal.Keys, cells []cell) map[string][]byte {
	t.Helper()
	tied := append(tiedListHashes(cells), tiedCases(cells)...)
	seen := map[string]bool{}
	for _, c := range cells {
		if n := len(c.value); (n == 16 || n == 32 || c.table == "webhook_deliveries" && c.column == "id") && !seen[string(c.value)] {
			seen[string(c.value)] = true
			tied = append(tied, c.value)
		}
	}
	plain := map[string][]byte{}
	for _, c := range cells {
		// What is sealed begins with the byte 1 and the id of a key.
		if len(c.value) < 33 || c.value[0] != 1 || plain[string(c.value)] != nil {
			continue
		}
		for _, purpose := range []seal.Purpose{
			seal.PurposeEvidence, seal.PurposeAddress, seal.PurposeAnswer, seal.PurposeListHash, seal.PurposeFeedRemoval, seal.PurposeDelivery, seal.PurposeHint,
			seal.PurposeCase, seal.PurposeCaseEntry,
		} {
			for _, of := range tied {
				if got, err := keys.Open(purpose, of, c.value); err == nil {
					plain[string(c.value)] = got
				}
			}
		}
	}
	return plain
}

// tiedListHashes returns what list hashes may be tied to: a subject and a spelling.
func tiedListHashes(cells []cell) (tied [][]byte) {
	for _, subject := range cells {
		for _, spelling := range cells {
			if subject.table == "list_hashes" && subject.column == "subject" && spelling.table == "list_hashes" && spelling.column == "spelling" {
				tied = append(tied, slices.Concat(subject.value, spelling.value))
			}
		}
	}
	return tied
}

// tiedCases returns what cases and their entries are tied to: the id, and with it the number of an entry.
func tiedCases(cells []cell) (tied [][]byte) {
	for _, c := range cells {
		if c.table != "cases" || c.column != "id" {
			continue
		}
		id, err := strconv.ParseInt(string(c.value), 10, 64)
		if err != nil {
			panic("the id of a case is read as " + string(c.value))
		}
		key := binary.BigEndian.AppendUint64(nil, uint64(id))
		tied = append(tied, key)
		for number := range uint32(20) {
			tied = append(tied, binary.BigEndian.AppendUint32(slices.Clone(key), number))
		}
	}
	return tied
}

// needles are what must not be found any more.
type needles struct {
	texts  []string // in lower case
	sealed [][]byte
}

// in returns what of the needles stands in the bytes, whatever the case of the letters.
func (n *needles) in(b []byte) []string {
	var found []string
	lower := bytes.ToLower(b)
	for _, text := range n.texts {
		if bytes.Contains(lower, []byte(text)) {
			found = append(found, text)
		}
	}
	for i, sealed := range n.sealed {
		if bytes.Contains(b, sealed) {
			found = append(found, fmt.Sprintf("sealed value %d", i))
		}
	}
	return found
}

// searchTables looks for the needles in every value, plain and opened. It fails for a table that the test does not list.
func searchTables(t testing.TB, w *world, n *needles) {
	t.Helper()
	r := w.raw()
	for table := range r.tables() {
		if !slices.Contains(searched(), table) {
			t.Errorf("table %s: what does an erasure do in it? Cover it, and name it in this test", table)
		}
	}
	cells := r.cells()
	for _, c := range cells {
		if found := n.in(c.value); found != nil {
			t.Errorf("%s.%s still holds %q", c.table, c.column, found)
		}
	}
	plain := opened(t, w.keys, cells)
	if len(plain) == 0 {
		t.Error("nothing could be opened: the search shows nothing")
	}
	for _, p := range plain {
		if found := n.in(p); found != nil {
			t.Errorf("a sealed value still holds %q", found)
		}
	}
}

// sealedHolds reports whether the database holds the text in anything sealed.
func sealedHolds(t testing.TB, w *world, text string) bool {
	t.Helper()
	for _, p := range opened(t, w.keys, w.raw().cells()) {
		if bytes.Contains(p, []byte(text)) {
			return true
		}
	}
	return false
}

// searchFiles looks for the needles in all files under a folder.
func searchFiles(t testing.TB, dir string, n *needles) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		files++
		b, err := os.ReadFile(path) //nolint:gosec // A file of the database under test.
		if err != nil {
			return err
		}
		if found := n.in(b); found != nil {
			t.Errorf("%s still holds %q", filepath.Base(path), found)
		}
		return nil
	})
	if err != nil || files == 0 {
		t.Fatalf("%d files, %v", files, err)
	}
}

// dump has the database written out as its own tool does, and returns the folder.
func dump(t testing.TB, w *world) string {
	t.Helper()
	dir := t.TempDir()
	if w.url == "" {
		if _, err := w.raw().db.ExecContext(t.Context(), "VACUUM INTO ?", filepath.Join(dir, "dump.db")); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	tools, err := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump")
	if path, missing := exec.LookPath("pg_dump"); missing == nil {
		tools, err = []string{path}, nil
	}
	if err != nil || len(tools) == 0 {
		t.Fatalf("no pg_dump: %v", err)
	}
	out, err := exec.CommandContext(t.Context(), tools[len(tools)-1], "--dbname", w.url).Output() //nolint:gosec // The tool of the server.
	if err != nil || len(out) == 0 {
		t.Fatalf("pg_dump: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "dump.sql"), unhex(out), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// unhex writes the byte strings of a dump as bytes, so that they are found.
func unhex(text []byte) []byte {
	var out []byte
	for _, field := range bytes.FieldsFunc(text, func(r rune) bool { return r == '\t' || r == '\n' }) {
		hexed, ok := bytes.CutPrefix(field, []byte(`\\x`))
		if ok {
			field, _ = hex.AppendDecode(nil, hexed)
		}
		out = append(append(out, field...), '\n')
	}
	return out
}

// subjectsOf returns the ids of the address's subjects, those that its digests lead to, by form.
func subjectsOf(t testing.TB, s *Service, typed string) map[consent.Form]consent.SubjectID {
	t.Helper()
	a, err := subjects.ParseAddress(typed)
	if err != nil {
		t.Fatal(err)
	}
	l := subjects.NewLocator(s.Keys, 1)
	if _, err := l.Places(a, true); err != nil {
		t.Fatal(err)
	}
	_, rows, err := s.Store.States(t.Context(), l.AllKeys())
	if err != nil {
		t.Fatal(err)
	}
	ids := map[consent.Form]consent.SubjectID{}
	for _, row := range rows {
		if row.ID != (consent.SubjectID{}) {
			ids[row.Key.Form] = row.ID
		}
	}
	return ids
}

// ledgerOf returns those events of the ledger.
func ledgerOf(t testing.TB, s *Service, of func(*consent.Event) bool) []consent.Event {
	t.Helper()
	return ledgerAfter(t, s, 0, of)
}

// ledgerAfter is ledgerOf of the events after a position.
func ledgerAfter(t testing.TB, s *Service, after int64, of func(*consent.Event) bool) []consent.Event {
	t.Helper()
	var events []consent.Event
	for {
		_, records, err := s.Store.Ledger(t.Context(), after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			return events
		}
		for i := range records {
			after = records[i].Event.Position
			if of(&records[i].Event) {
				events = append(events, records[i].Event)
			}
		}
	}
}
