package examples_test

import (
	"compress/gzip"
	"encoding/csv"
	"io"
	"strings"
	"testing"

	"github.com/assent-io/assent/examples"
)

// rows returns the rows below the header of an embedded CSV file.
func rows(t *testing.T, path string) [][]string {
	t.Helper()
	file, err := examples.Files.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var text io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if text, err = gzip.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	all, err := csv.NewReader(text).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return all[1:]
}

func TestFiles_ExampleHistory_IsWhole(t *testing.T) {
	if got, want := len(rows(t, "acme/events.csv.gz")), 50_552; got != want {
		t.Errorf("%d events, want %d", got, want)
	}
	audience, expected := rows(t, "acme/audience.csv"), rows(t, "acme/expected.csv.gz")
	if len(audience) != 21_013 || len(expected) != len(audience) {
		t.Fatalf("%d addresses and %d answers, want 21013 of each", len(audience), len(expected))
	}
	ids := make(map[string]bool, len(audience))
	for _, row := range audience {
		ids[row[0]] = true
	}
	for _, row := range expected {
		if !ids[row[0]] {
			t.Errorf("the answer for id %q is for nobody in the audience", row[0])
		}
	}
}

func TestFiles_Catalog_IsThere(t *testing.T) {
	text, err := examples.Files.ReadFile("catalogs/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "id: product-marketing") {
		t.Error("the catalog lacks the channel that the audience is checked on")
	}
}
