package e2e

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	document "github.com/assent-io/assent/api/openapi"
	"github.com/assent-io/assent/internal/openapi"
	"github.com/assent-io/assent/internal/openapi/openapitest"
	"github.com/assent-io/assent/internal/testkit"
)

var update = flag.Bool("update", false, "write the answers in docs/api.md anew")

const apiPage = "../../docs/api.md"

// longest is how many characters of a text the page shows.
const longest = 160

// shown returns an answer as the page shows it: JSON on several lines, with … in place of what is different each time, and of the rest
// of long texts.
func shown(t *testing.T, language, answer string) string {
	t.Helper()
	answer = strings.TrimRight(strings.ReplaceAll(answer, "\r\n", "\n"), "\n")
	if language == "json" {
		var indented bytes.Buffer
		if err := json.Indent(&indented, []byte(answer), "", "  "); err != nil {
			t.Fatalf("%v: %s", err, answer)
		}
		// A list of numbers or words takes one line.
		list := regexp.MustCompile(`\[\n\s+(?:"[^"\\]*"|-?[0-9]+)(?:,\n\s+(?:"[^"\\]*"|-?[0-9]+))*\n\s+\]`)
		answer = list.ReplaceAllStringFunc(indented.String(), func(found string) string {
			oneLine := regexp.MustCompile(`\n\s+`).ReplaceAllString(found[1:len(found)-1], " ")
			return "[" + strings.TrimSpace(oneLine) + "]"
		})
	}
	// Hashes, signatures, tokens and keys; ids of subjects; the number of a verifier key. A line break before one stays.
	different := regexp.MustCompile(`\\n|[A-Za-z0-9+/_-]{40,}={0,2}|\b[0-9a-f]{32}\b|\+[0-9a-f]{8}\+`)
	answer = different.ReplaceAllStringFunc(answer, func(found string) string {
		if found == `\n` {
			return found
		}
		return "…"
	})
	answer = regexp.MustCompile(`"(id|hint)": "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"`).ReplaceAllString(answer, `"$1": "…"`)
	if language != "json" {
		return answer
	}
	return regexp.MustCompile(`"([^"\\]|\\.)*"`).ReplaceAllStringFunc(answer, func(text string) string {
		if utf8.RuneCountInString(text) <= longest {
			return text
		}
		cut := string([]rune(text)[:longest/2])
		return strings.TrimRight(cut, `\`) + `…"`
	})
}

// apiServer runs the server that the page speaks of. Its clock stands still, so that its answers have the same times each time.
func apiServer(t *testing.T) (*running, *witness) {
	t.Helper()
	db, w := newDatabase(t, "sqlite"), newWitness("w", 1796115600)
	db.open, db.witnesses = true, []string{w.vkey()}
	return db.serve(testkit.NewClock(time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)).Now), w
}

// runCurl runs the command of a call against the server. What a variable stands for is taken from the answers so far.
func runCurl(t *testing.T, r *running, call openapi.Call, answers []openapi.Call) string {
	t.Helper()
	run := exec.CommandContext(t.Context(), "bash", "-c", strings.ReplaceAll(call.Command, openapi.Base, "http://"+r.HTTP))
	run.Env = os.Environ()
	for _, name := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(call.Command, -1) {
		run.Env = append(run.Env, name[1]+"="+openapi.VariableOf(name[1], answers))
	}
	var stderr strings.Builder
	run.Stderr = &stderr
	out, err := run.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", call.Command, err, stderr.String())
	}
	return string(out)
}

// cosigned returns the answer with a checkpoint, in which the witness has added its line to the note.
func (w *witness) cosigned(t *testing.T, answer string) string {
	t.Helper()
	var got struct{ Checkpoint restCheckpoint }
	if err := json.Unmarshal([]byte(answer), &got); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{"note": w.cosign(t, got.Checkpoint.Note, got.Checkpoint.VerifierKey)})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(string(text), `":"`, `": "`, 1)
}

func TestAPI_EveryCallAnswersAsThePageSays(t *testing.T) {
	text, err := os.ReadFile(apiPage)
	if err != nil {
		t.Fatal(err)
	}
	calls, err := openapi.ReadCalls(string(text))
	if err != nil {
		t.Fatal(err)
	}
	contract, err := openapitest.NewContract(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, w := apiServer(t)
	lines := strings.Split(string(text), "\n")
	var answers []openapi.Call
	var fresh [][]string
	for _, call := range calls {
		answer := runCurl(t, r, call, answers)
		got := shown(t, call.Language, answer)
		if call.Name == "ExportBlockList" { // Its parts are read at once, so the entries come in any order.
			entries := strings.Split(got, "\n")
			slices.Sort(entries[1 : len(entries)-1])
			got = strings.Join(entries, "\n")
		}
		if diff := cmp.Diff(call.Answer, got); diff != "" && !*update {
			t.Errorf("%s, the answer is another (-page +server):\n%s\nTo write the page anew: go test ./internal/e2e -run %s -update",
				call.Name, diff, t.Name())
		}
		fresh = append(fresh, strings.Split(got, "\n"))
		holdToContract(t, contract, call, answer)
		if call.Name == "GetCheckpoint" {
			answer = w.cosigned(t, answer)
		}
		answers = append(answers, openapi.Call{Answer: spaced(t, call.Language, answer)})
	}
	if !*update {
		return
	}
	for i, call := range slices.Backward(calls) {
		lines = slices.Replace(lines, call.Line, call.Line+call.Lines, fresh[i]...)
	}
	if err := os.WriteFile(apiPage, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}

// spaced returns JSON as VariableOf reads it.
func spaced(t *testing.T, language, answer string) string {
	t.Helper()
	var out bytes.Buffer
	if language != "json" {
		return answer
	}
	if err := json.Indent(&out, []byte(answer), "", " "); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// holdToContract fails unless the answer to a call of the page is as the OpenAPI document says.
func holdToContract(t *testing.T, contract *openapitest.Contract, call openapi.Call, answer string) {
	t.Helper()
	method, body, code := http.MethodGet, call.Body, http.StatusOK
	switch {
	case strings.Contains(call.Command, "-X PUT"):
		method = http.MethodPut
	case body != "":
		method = http.MethodPost
	}
	var refused struct{ Details []any }
	if json.Unmarshal([]byte(answer), &refused) == nil && refused.Details != nil {
		code = http.StatusBadRequest
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if media := map[string]string{"text": "application/x-ndjson", "csv": "text/csv", "events": "text/event-stream"}[call.Language]; media != "" {
		header.Set("Content-Type", media)
	}
	if problem := contract.Problem(t.Context(), openapitest.Exchange{
		Method: method, Path: call.Path, Body: body, Code: code, Header: header, Answer: []byte(answer),
	}); problem != "" {
		t.Errorf("%s is not as the OpenAPI document says: %s", call.Name, problem)
	}
}

func TestAPI_PageShowsEveryCallOfREST(t *testing.T) {
	text, err := os.ReadFile(apiPage)
	if err != nil {
		t.Fatal(err)
	}
	calls, err := openapi.ReadCalls(string(text))
	if err != nil {
		t.Fatal(err)
	}
	described, err := openapi.Read(document.Document)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range described.Paths {
		for _, operation := range path.Value {
			id := operation.Value.OperationID
			if name := strings.ToUpper(id[:1]) + id[1:]; strings.HasPrefix(path.Name, "/v1/") && openapi.CallOf(name, calls) == nil {
				t.Errorf("docs/api.md shows no answer of %s", name)
			}
		}
	}
}
