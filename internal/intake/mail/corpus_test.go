package mail

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/intake"
)

var update = flag.Bool("update", false, "write testdata/verdicts.jsonl anew")

// A verdict is one line of testdata/verdicts.jsonl.
type verdict struct {
	File       string     `json:"file"`
	Kind       string     `json:"kind"`
	Recipients []judgment `json:"recipients"`
	Asks       bool       `json:"asks_to_leave,omitempty"`
	Why        string     `json:"why"`
}

type judgment struct {
	Kind      string   `json:"kind,omitempty"` // where it differs from that of the mail
	Address   string   `json:"address"`
	Class     string   `json:"class,omitempty"`
	Then      string   `json:"then,omitempty"`
	Status    string   `json:"status,omitempty"`
	Rule      string   `json:"rule,omitempty"`
	Domain    bool     `json:"domain,omitempty"`
	Ambiguous bool     `json:"ambiguous,omitempty"`
	Time      string   `json:"time,omitempty"`
	Tokens    []string `json:"tokens,omitempty"` // places
}

// settings are those of the corpus.
func settings() Settings { return Settings{Unsubscribe: []string{"leave@acme.example"}} }

// corpus lists the files of the corpus.
func corpus(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("testdata/corpus/*.eml")
	if err != nil || len(files) < 150 {
		tb.Fatalf("%d mails, %v", len(files), err)
	}
	return files
}

func load(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// lineOf makes the line of a result.
func lineOf(file string, r Result) verdict {
	v := verdict{File: filepath.Base(file), Kind: string(r.Kind), Recipients: []judgment{}, Asks: r.AsksToLeave, Why: r.Why}
	for _, one := range r.Reports {
		j := judgment{
			Address: one.Address, Class: string(one.Class), Then: string(one.Then), Status: one.Status, Rule: one.Rule, Domain: one.Domain, Ambiguous: one.Ambiguous,
		}
		if one.Kind != r.Kind {
			j.Kind = string(one.Kind)
		}
		if !one.Time.IsZero() {
			j.Time = one.Time.Format(time.RFC3339)
		}
		for _, token := range one.Tokens {
			j.Tokens = append(j.Tokens, string(token.Found))
		}
		v.Recipients = append(v.Recipients, j)
	}
	return v
}

// Each mail of the corpus has its verdict. A new one is written by -update and read by a person.
func TestCorpus_HasItsVerdicts(t *testing.T) {
	var got bytes.Buffer
	out := json.NewEncoder(&got)
	out.SetEscapeHTML(false)
	reader := New(settings())
	for _, name := range corpus(t) {
		result, err := reader.Read(Envelope{}, bytes.NewReader(load(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		if err := out.Encode(lineOf(name, result)); err != nil {
			t.Fatal(err)
		}
	}
	const golden = "testdata/verdicts.jsonl"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(strings.Split(string(load(t, golden)), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("verdicts (-want +got)\n%s", diff)
	}
}

// What no mail of the corpus may ever be.
func TestCorpus_NeverSaysTooMuch(t *testing.T) {
	reader := New(settings())
	for _, name := range corpus(t) {
		result, err := reader.Read(Envelope{}, bytes.NewReader(load(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range result.Reports {
			if strings.Contains(r.Address, "victim@") && result.Kind != intake.Bounce || strings.Contains(r.Address, "secret@") {
				t.Errorf("%s: the address %s comes from the text of a forward", name, r.Address)
			}
			if r.Kind != intake.Bounce && r.Class != "" {
				t.Errorf("%s: %s has the class %q", name, r.Kind, r.Class)
			}
			if r.Class == intake.Hard && strings.HasPrefix(r.Status, "4") {
				t.Errorf("%s: hard with status %s", name, r.Status)
			}
			if len(r.Text) > intake.MaxText || len(r.Tokens) > intake.MaxTokens {
				t.Errorf("%s: text of %d bytes, %d tokens", name, len(r.Text), len(r.Tokens))
			}
		}
	}
}

func BenchmarkRead(b *testing.B) {
	var mails [][]byte
	for _, name := range corpus(b) {
		mails = append(mails, load(b, name))
	}
	reader := New(settings())
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := reader.Read(Envelope{}, bytes.NewReader(mails[i%len(mails)])); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
