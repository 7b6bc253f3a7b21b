package consent_test

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
)

// The example history: 50,552 events of 20,000 people, an audience, and the answers that a plain re-fold by the rules gives.
// It is read here without any other part of the program.
func TestExampleHistory_CheckedThroughTheCore_GivesTheExpectedAnswers(t *testing.T) {
	c := mustCatalog(t)
	l := newLedger()
	for _, row := range readTable(t, "events.csv.gz") {
		s, err := statementOf(row)
		if err != nil {
			t.Fatalf("row %v: %v", row, err)
		}
		entry, err := s.Entry(c, c)
		if err != nil {
			t.Fatalf("an event of the history is refused: %v\n%v", err, row)
		}
		l.record(entry, s.Occurred)
	}
	rules := mustRules(t, c, consent.Request{Channel: "product-marketing"})
	at := consent.InstantOf(time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC))
	expected := map[string]map[string]string{}
	for _, row := range readTable(t, "expected.csv.gz") {
		expected[row["id"]] = row
	}
	wrong := 0
	for _, row := range readTable(t, "audience.csv") {
		want := expected[row["id"]]
		got := answer(l, rules, row["address"], at)
		if want := want["verdict"] + " " + want["reason"] + " " + want["reasons"]; got != want {
			if wrong++; wrong <= 20 {
				t.Errorf("id %s: got %s, want %s", row["id"], got, want)
			}
		}
	}
	if wrong > 0 || len(expected) != 21_013 {
		t.Errorf("%d of %d answers differ; there should be 21013, all alike", wrong, len(expected))
	}
}

func answer(l *ledger, rules *consent.Rules, typed string, at consent.Instant) string {
	a, err := address.Parse(typed)
	if err != nil {
		return "ERROR INVALID_ADDRESS INVALID_ADDRESS"
	}
	d := rules.Decide(a, l.known(a, at), at)
	reasons := make([]string, len(d.Reasons))
	for i, code := range d.Reasons {
		reasons[i] = string(code)
	}
	return fmt.Sprintf("%s %s %s", d.Verdict, d.Reason, strings.Join(reasons, ";"))
}

// readTable reads a CSV file of the example history as rows by column.
func readTable(tb testing.TB, name string) []map[string]string {
	tb.Helper()
	file, err := os.Open(filepath.Join("..", "..", "examples", "acme", name))
	if err != nil {
		tb.Fatalf("opening a table: %v", err)
	}
	defer func() { _ = file.Close() }()
	var from io.Reader = file
	if strings.HasSuffix(name, ".gz") {
		unzipped, err := gzip.NewReader(file)
		if err != nil {
			tb.Fatalf("opening %s: %v", name, err)
		}
		from = unzipped
	}
	reader := csv.NewReader(from)
	header, err := reader.Read()
	if err != nil {
		tb.Fatalf("reading the header of %s: %v", name, err)
	}
	var rows []map[string]string
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			tb.Fatalf("reading %s: %v", name, err)
		}
		row := make(map[string]string, len(header))
		for i, column := range header {
			if record[i] != "" {
				row[column] = record[i]
			}
		}
		rows = append(rows, row)
	}
}

func statementOf(row map[string]string) (statement.Statement, error) {
	kinds := map[string]consent.Kind{
		"request": consent.KindRequest, "grant": consent.KindGrant, "confirm": consent.KindConfirm,
		"withdraw": consent.KindWithdraw, "refuse": consent.KindRefuse, "suppress": consent.KindSuppress,
		"lift": consent.KindLift, "erase": consent.KindErase,
	}
	times := map[string]consent.Instant{}
	for _, column := range []string{"occurred_time", "confirmed_time", "expires_time", "until"} {
		if row[column] == "" {
			continue
		}
		parsed, err := time.Parse(time.RFC3339Nano, row[column])
		if err != nil {
			return statement.Statement{}, fmt.Errorf("reading %s: %w", column, err)
		}
		times[column] = consent.InstantOf(parsed)
	}
	id, version, _ := strings.Cut(row["declaration"], "@")
	return statement.Statement{
		Kind: kinds[row["event"]], Occurred: times["occurred_time"], Address: row["address"], Domain: row["domain"],
		Channels: list(strings.TrimSuffix(row["channels"], "*")), AllMarketing: row["channels"] == "*",
		Basis: catalog.Basis(row["legal_basis"]), Declaration: consent.Declaration{ID: id, Version: version},
		Expires: max(times["expires_time"], times["until"]), Reason: consent.Reason(row["reason"]),
		Scope: consent.Scope(row["scope"]), List: row["list"], Binds: consent.Binds(row["binds"]),
		Source: row["source"], Confirmed: times["confirmed_time"], Notice: row["notice_given"] == "true",
		Goods: list(row["goods"]), URL: row["url"], IP: row["ip"], UserAgent: row["user_agent"],
		TransactionID: row["transaction_ref"], DocumentRef: row["document_ref"], Justification: row["justification"],
	}, nil
}

func list(cell string) []string {
	if cell == "" {
		return nil
	}
	return strings.Split(cell, ";")
}
