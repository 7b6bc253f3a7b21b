package suppressionfile_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/suppressionfile"
)

// recipe returns the script of the document that calls an API at the address, which is replaced by another.
func recipe(t *testing.T, api, instead string) string {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		if strings.Contains(found[1], api) {
			return strings.ReplaceAll(found[1], api, instead)
		}
	}
	t.Fatalf("%s has no script for %s", document, api)
	return ""
}

// service answers as a tool does, until the call that fails.
type service struct {
	calls, bodies []string
	headers       []http.Header
	fails         int // the number of the call; 0: none
	status        int
	body          string
	answer        func(body string) string
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.calls, s.bodies, s.headers = append(s.calls, r.Method+" "+r.URL.Path), append(s.bodies, string(body)), append(s.headers, r.Header)
	if s.fails == len(s.calls) {
		w.WriteHeader(s.status)
		_, _ = io.WriteString(w, s.body)
		return
	}
	_, _ = io.WriteString(w, s.answer(string(body)))
}

// play runs a script of the document in a folder with a file of three calls, and returns what its curl got as arguments.
func play(t *testing.T, form, api, header string, perCall int, s *service) (arguments, output string, err error) {
	t.Helper()
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Fatal("this test runs the scripts of the documentation, and needs curl 7.82 and jq: apt-get install curl jq")
	}
	if _, err := exec.LookPath("jq"); err != nil {
		t.Fatal("this test runs the scripts of the documentation, and needs jq: apt-get install jq")
	}
	server := httptest.NewServer(s)
	defer server.Close()
	folder := t.TempDir()
	o := options()
	_, to := write(t, form, o, threeCalls(perCall)...)
	name := "newsletter." + form + ".ndjson"
	// A curl that notes its arguments stands before the real one.
	shim := "#!/bin/sh\nprintf '%s\\n' \"$@\" >> arguments\nexec " + curl + " --noproxy '*' \"$@\"\n"
	for name, text := range map[string]string{name: to.text(t, name), form + ".header": header, "bin/curl": shim, "script": recipe(t, api, server.URL)} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o700); err != nil { //nolint:gosec // The shim is run.
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), "sh", "script")
	command.Dir, command.Env = folder, append(os.Environ(), "PATH="+filepath.Join(folder, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := command.CombinedOutput()
	noted, readErr := os.ReadFile(filepath.Join(folder, "arguments"))
	if readErr != nil {
		t.Fatalf("curl was not called: %v: %s", readErr, out)
	}
	return string(noted), string(out), err
}

func threeCalls(perCall int) (entries []suppressionfile.Entry) {
	for i := range 2*perCall + 1 {
		entries = append(entries, refuse(address(i)))
	}
	return entries
}

func TestDocument_ScriptForPostmark_SendsAllAndStopsAtTheFirstFailure(t *testing.T) {
	answer := func(status string) func(string) string {
		return func(string) string {
			return fmt.Sprintf(`{"Suppressions":[{"EmailAddress":"a@b.example","Status":"Suppressed"},{"EmailAddress":"c@b.example","Status":%q}]}`, status)
		}
	}
	for _, c := range []struct {
		name    string
		service service
		calls   int
	}{
		{"all are taken", service{answer: answer("Suppressed")}, 3},
		{"one address is refused", service{answer: answer("Failed")}, 1},
		{"the token is refused", service{answer: answer("Suppressed"), fails: 2, status: 401, body: `{"ErrorCode":10}`}, 2},
		{"the answer is none", service{answer: answer("Suppressed"), fails: 3, status: 200, body: `{"Suppressions":[]}`}, 3},
	} {
		arguments, output, err := play(t, "postmark", "https://api.postmarkapp.com", "X-Postmark-Server-Token: secret-token\n", 50, &c.service)
		if failed := c.name != "all are taken"; (err != nil) != failed || len(c.service.calls) != c.calls || failed != strings.Contains(output, fmt.Sprintf("line %d was", c.calls)) {
			t.Errorf("%s: %d calls, %v: %s", c.name, len(c.service.calls), err, output)
		}
		if strings.Contains(arguments, "secret") || strings.Contains(arguments, "firma") {
			t.Errorf("%s: an address or the token is among the arguments:\n%s", c.name, arguments)
		}
		for i, call := range c.service.calls {
			h := c.service.headers[i]
			if call != "POST /message-streams/newsletter/suppressions" || h.Get("X-Postmark-Server-Token") != "secret-token" ||
				h.Get("Content-Type") != "application/json" || strings.Count(c.service.bodies[i], "@") != min(50, 101-50*i) {
				t.Errorf("%s: call %d is %s with %q", c.name, i+1, call, h)
			}
		}
	}
}

func TestDocument_ScriptForKlaviyo_SendsAllAndAsksForTheJobs(t *testing.T) {
	const header = "Authorization: Klaviyo-API-Key secret-key\nrevision: 2026-10-15\nAccept: application/vnd.api+json\nContent-Type: application/vnd.api+json\n"
	job := func(status string) func(string) string {
		return func(body string) string {
			now := "queued"
			if body == "" {
				now = status
			}
			return fmt.Sprintf(`{"data":{"type":"profile-suppression-bulk-create-job","id":"01J","attributes":{"status":%q}}}`, now)
		}
	}
	for _, c := range []struct {
		name    string
		service service
		calls   int
		says    string
	}{
		{"all jobs are complete", service{answer: job("complete")}, 6, ""},
		{"a job goes on", service{answer: job("processing")}, 4, "job 01J is not complete"},
		{"too many calls", service{answer: job("complete"), fails: 2, status: 429, body: `{"errors":[]}`}, 2, "line 2 was not taken"},
		{"the answer is none", service{answer: job("complete"), fails: 3, status: 202, body: ``}, 3, "line 3 was not taken"},
	} {
		arguments, output, err := play(t, "klaviyo", "https://a.klaviyo.com", header, 100, &c.service)
		if (err != nil) != (c.says != "") || len(c.service.calls) != c.calls || !strings.Contains(output, c.says) {
			t.Errorf("%s: %d calls, %v: %s", c.name, len(c.service.calls), err, output)
		}
		if strings.Contains(arguments, "secret") || strings.Contains(arguments, "firma") {
			t.Errorf("%s: an address or the key is among the arguments:\n%s", c.name, arguments)
		}
		for i, h := range c.service.headers {
			if h.Get("Revision") != "2026-10-15" || h.Get("Authorization") != "Klaviyo-API-Key secret-key" || !slices.Equal(h["Content-Type"], []string{"application/vnd.api+json"}) {
				t.Errorf("%s: call %d has %q", c.name, i+1, h)
			}
		}
	}
}
