package e2e

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/piprate/json-gold/ld"
	"golang.org/x/net/html"
)

// drawn returns twenty addresses of the history, always the same, and two that were erased and did not come back.
func (e *example) drawn(t *testing.T) []string {
	t.Helper()
	column := slices.Index(e.header, "address")
	random := rand.New(rand.NewPCG(15, 2016))
	var addresses []string
	for len(addresses) < 20 {
		if a := e.rows[random.IntN(len(e.rows))][column]; a != "" && !slices.Contains(addresses, a) {
			addresses = append(addresses, a)
		}
	}
	at, event := slices.Index(e.header, "occurred_time"), slices.Index(e.header, "event")
	last := map[string][]string{}
	for _, row := range e.rows {
		if before := last[row[column]]; before == nil || row[at] > before[at] {
			last[row[column]] = row
		}
	}
	for _, row := range e.rows {
		if len(addresses) < 22 && row[column] != "" && row[event] == "erase" && last[row[column]][event] == "erase" {
			addresses = append(addresses, row[column])
		}
	}
	if len(addresses) != 22 {
		t.Fatalf("only %d addresses were drawn", len(addresses))
	}
	return addresses
}

// noFetching refuses to load contexts from elsewhere.
type noFetching struct{}

func (noFetching) LoadDocument(string) (*ld.RemoteDocument, error) {
	return nil, errors.New("a context is fetched")
}

// exportInAllFormats exports the addresses from a server, stops it, and verifies the archives without it.
func exportInAllFormats(t *testing.T, db *database, s *running, addresses []string) {
	t.Helper()
	code, stdout, _ := command(t, "", "", "keys", "show", "--keys", db.keys, "--format", "json")
	var shown struct{ VerifierKey string }
	if err := json.Unmarshal([]byte(stdout), &shown); code != 0 || err != nil {
		t.Fatalf("keys show: exit %d, %v", code, err)
	}
	folder := exportFolder(t)
	for i, address := range addresses {
		exportAll(t, s, filepath.Join(folder, fmt.Sprintf("%s-%02d", filepath.Base(t.Name()), i)), address, i%2 == 1)
	}
	s.stop()
	// From here on there is no server: only the files and the key are left.
	for i := range addresses {
		verifyOffline(t, filepath.Join(folder, fmt.Sprintf("%s-%02d.zip", filepath.Base(t.Name()), i)), shown.VerifierKey, uint64(i))
	}
	for _, a := range addresses {
		if strings.Contains(s.log.String(), a) {
			t.Error("an address stands in the log")
		}
	}
}

// exportFolder is where the files go: a temporary folder, or the one that is asked for, to look at them.
func exportFolder(t *testing.T) string {
	t.Helper()
	if folder := os.Getenv("ASSENT_TEST_EXPORTS"); folder != "" {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		return folder
	}
	return t.TempDir()
}

func exportAll(t *testing.T, s *running, path, address string, german bool) {
	t.Helper()
	language := "en"
	if german {
		language = "de"
	}
	files := map[string][]byte{}
	for _, format := range []string{"dossier", "csv", "html", "pdf", "jsonld", "zip"} {
		out := path + "." + format
		code, _, stderr := command(t, s.GRPC, s.key, "history", address, "--format", format, "--language", language, "--out", out)
		if code != 0 {
			t.Fatalf("%s: exit %d: %s", format, code, stderr)
		}
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		files[format] = data
	}
	var d struct {
		Language string
		Events   []struct{ Summary map[string]string }
		Channels []any
	}
	if err := json.Unmarshal(files["dossier"], &d); err != nil || len(d.Events) == 0 || len(d.Channels) != 4 || d.Language != language {
		t.Errorf("json: %d events, %d channels, %v", len(d.Events), len(d.Channels), err)
	}
	rows, err := csv.NewReader(bytes.NewReader(files["csv"])).ReadAll()
	if err != nil || len(rows) != len(d.Events)+1 {
		t.Errorf("csv: %d rows for %d events, %v", len(rows), len(d.Events), err)
	}
	if _, err := html.Parse(bytes.NewReader(files["html"])); err != nil {
		t.Error(err)
	}
	for _, e := range d.Events {
		if sentence := html.EscapeString(e.Summary[language]); !strings.Contains(unescaped(files["html"]), html.UnescapeString(sentence)) {
			t.Errorf("the page lacks %q", sentence)
		}
	}
	var document any
	if err := json.Unmarshal(files["jsonld"], &document); err != nil {
		t.Fatal(err)
	}
	options := ld.NewJsonLdOptions("")
	options.DocumentLoader = noFetching{}
	expanded, err := ld.NewJsonLdProcessor().Expand(document, options)
	if err != nil || len(expanded) < 2 {
		t.Errorf("jsonld: %d nodes, %v", len(expanded), err)
	}
}

func unescaped(page []byte) string { return html.UnescapeString(string(page)) }

func verifyOffline(t *testing.T, path, key string, seed uint64) {
	t.Helper()
	code, stdout, stderr := command(t, "", "", "ledger", "verify", "--file", path, "--verifier-key", key)
	if code != 0 || !strings.HasSuffix(stdout, "0 findings\n") || stderr != "" {
		t.Errorf("verify: exit %d: %s%s", code, stdout, stderr)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(t.TempDir(), "changed.zip")
	random := rand.New(rand.NewPCG(seed, 7))
	for range 5 {
		at := random.IntN(len(data))
		altered := bytes.Clone(data)
		altered[at] ^= 1 << random.IntN(8)
		if err := os.WriteFile(changed, altered, 0o600); err != nil {
			t.Fatal(err)
		}
		code, stdout, _ := command(t, "", "", "ledger", "verify", "--file", changed, "--verifier-key", key)
		if code != 1 || !strings.HasSuffix(stdout, "the archive does not hold\n") {
			t.Errorf("byte %d changed: exit %d: %s", at, code, stdout)
		}
	}
	code, _, stderr = command(t, "", "", "ledger", "verify", "--file", path)
	if code != 0 || !strings.Contains(stderr, key) {
		t.Errorf("without a key: exit %d: %s", code, stderr)
	}
}
