package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // The form of the list.
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/cli"
)

// listFile is a file of the ECG list with an entry.
func listFile(entry string) []byte {
	sum := sha1.Sum([]byte(entry)) //nolint:gosec // As above.
	return sum[:]
}

// send makes a call with a body over REST, and returns the status and the answer.
func send(t *testing.T, r *running, method, path string, body io.Reader) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.HTTP+path, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.key)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestLists_UploadedOverREST_AreStoredOrRefusedAsAWhole(t *testing.T) {
	eachStore(t, func(t *testing.T, db *database) {
		r := db.serve(time.Now)
		mustCommand(t, r, "lists", "create", "ecg", "--name", "ECG-Liste", "--binds", "existing_customer", "--form", "ecg_file", "--freshness", "P7D")
		const upload = "/v1/externalLists/ecg:upload"
		file := append(listFile("hans@firma.example"), listFile("@gast.example")...)
		for name, test := range map[string]struct {
			method, path string
			body         []byte
			status       int
			want         string
		}{
			"cut in a digest":   {http.MethodPost, upload, file[:39], 400, "INVALID_EXTERNAL_LIST"},
			"empty":             {http.MethodPost, upload, nil, 400, "INVALID_EXTERNAL_LIST"},
			"of no list":        {http.MethodPost, "/v1/externalLists/none:upload", file, 404, "EXTERNAL_LIST_NOT_FOUND"},
			"a wrong time":      {http.MethodPost, upload + "?obtainedTime=yesterday", file, 400, "obtainedTime"},
			"a wrong parameter": {http.MethodPost, upload + "?obtained=1", file, 400, "obtainedTime, requestId"},
			"given twice":       {http.MethodPost, upload + "?requestId=a&requestId=b", file, 400, "twice"},
			"a wrong method":    {http.MethodGet, upload, nil, 405, "METHOD_NOT_ALLOWED"},
		} {
			if status, answer := send(t, r, test.method, test.path, bytes.NewReader(test.body)); status != test.status || !strings.Contains(answer, test.want) {
				t.Errorf("%s: %d %s, want %d with %s", name, status, answer, test.status, test.want)
			}
		}
		breakOff(t, r, upload, file[:20])
		if out := mustCommand(t, r, "lists", "show", "ecg"); strings.Contains(out, "\n1 ") {
			t.Errorf("something was stored: %s", out)
		}
		status, answer := send(t, r, http.MethodPost, upload+"?obtainedTime=2026-01-31T08:00:00Z&requestId=7f2c1f6e-5a1b-4a57-9d0e-3f6f0d1c2b3a", bytes.NewReader(file))
		if status != http.StatusOK || !strings.Contains(answer, `"entries"`) || !strings.Contains(answer, "2026-01-31T08:00:00") {
			t.Errorf("the upload: %d %s", status, answer)
		}
		mustCommand(t, r, "lists", "activate", "ecg")
		_, metrics := send(t, r, http.MethodGet, "/metrics", http.NoBody)
		if !strings.Contains(metrics, `assent_external_list_entries{list="ecg"} 2`) || !strings.Contains(metrics, `assent_external_list_failures_total{list="ecg",step="upload"}`) {
			t.Error("the metrics do not tell of the list, or not of the uploads that failed")
		}
	})
}

// breakOff sends the beginning of a file that was announced as longer, and closes the connection for sending.
func breakOff(t *testing.T, r *running, path string, part []byte) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", r.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Length: 40\r\n\r\n%s", path, r.HTTP, r.key, part); err != nil {
		t.Fatal(err)
	}
	if tcp, ok := conn.(*net.TCPConn); !ok || tcp.CloseWrite() != nil {
		t.Fatal("the connection cannot be closed for sending")
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return // The server may see that the caller went away.
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode == http.StatusOK {
		t.Errorf("an upload that was broken off was answered with %d", answer.StatusCode)
	}
}

func TestListsSync_WithoutAKeyOfTheService_SaysWhereItIsLookedFor(t *testing.T) {
	r := newDatabase(t, "sqlite").serve(time.Now)
	for _, test := range []struct {
		env  map[string]string
		want string
	}{
		{nil, "ASSENT_LISTS_SERVICE_KEY"},
		{map[string]string{"ASSENT_LISTS_SERVICE_KEY_FILE": t.TempDir() + "/none"}, "read the key of the service"},
		{map[string]string{"ASSENT_LISTS_SERVICE_KEY": "secret\n"}, "EXTERNAL_LIST_NOT_FOUND"},
	} {
		env := map[string]string{"ASSENT_SERVER": r.GRPC, "ASSENT_API_KEY": r.key}
		for name, value := range test.env {
			env[name] = value
		}
		var out, errs bytes.Buffer
		lookup := func(name string) (string, bool) { value, ok := env[name]; return value, ok }
		code := cli.Run(context.WithoutCancel(t.Context()), []string{"lists", "sync", "none"}, lookup, strings.NewReader(""), &out, &errs)
		if code == 0 || !strings.Contains(errs.String(), test.want) || strings.Contains(errs.String(), "secret") {
			t.Errorf("with %v: exit code %d: %s", test.env, code, errs.String())
		}
	}
}
