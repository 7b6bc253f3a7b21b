package server_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/assent-io/assent/api/openapi"
	model "github.com/assent-io/assent/internal/openapi"
)

func TestREST_ChecksAndRecords_AsGRPCDoes(t *testing.T) {
	r := run(t, settings(t))
	granted := r.as(http.MethodPost, "/v1/consent:grant", `{
		"address": "anna@example.com", "channels": ["newsletter"], "legalBasis": "LEGAL_BASIS_CONSENT",
		"declaration": {"id": "newsletter-signup", "version": "2026-01"},
		"evidence": {"source": "web_form", "confirmedTime": "2026-11-01T11:00:00Z"},
		"requestId": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}`)
	if granted.code != http.StatusOK || !cmp.Equal(granted.json["positions"], []any{"2"}) || granted.json["duplicate"] != false {
		t.Fatalf("grant: %d %s", granted.code, granted.body)
	}
	checked := r.as(http.MethodPost, "/v1/consent:check", `{"address": "Anna@example.com", "channel": "newsletter"}`,
		"Accept-Language", "de", "X-Request-Id", "req-7")
	decision, _ := checked.json["decision"].(map[string]any)
	if checked.code != http.StatusOK || decision["verdict"] != "VERDICT_ALLOW" || decision["grantPosition"] != "2" {
		t.Fatalf("check: %d %s", checked.code, checked.body)
	}
	if text, _ := decision["explanation"].(string); !strings.Contains(text, "Einwilligung") || checked.header.Get("X-Request-Id") != "req-7" {
		t.Errorf("the headers were not handed on: %s, %v", checked.body, checked.header)
	}
	if _, shown := decision["remedy"]; !shown {
		t.Error("an empty field is left out")
	}
	withdrawn := r.as(http.MethodPost, "/v1/consent:withdraw", `{"address": "anna@example.com", "channels": ["newsletter"]}`)
	if withdrawn.code != http.StatusOK {
		t.Fatalf("withdraw: %d %s", withdrawn.code, withdrawn.body)
	}
	batch := r.as(http.MethodPost, "/v1/consent:batchCheck", `{"addresses": ["anna@example.com", "x"], "channel": "newsletter"}`)
	if batch.code != http.StatusOK || !strings.Contains(batch.body, "WITHDRAWN") || !strings.Contains(batch.body, "INVALID_ADDRESS") {
		t.Errorf("batch: %d %s", batch.code, batch.body)
	}
	history := r.as(http.MethodPost, "/v1/history:search", `{"address": "anna@example.com"}`)
	if events, _ := history.json["events"].([]any); history.code != http.StatusOK || len(events) != 2 {
		t.Errorf("history: %d %s", history.code, history.body)
	}
}

func TestREST_ListsDisclosures_AndRunsRetention(t *testing.T) {
	r := run(t, settings(t))
	for _, call := range []struct{ path, body string }{
		{"/v1/consent:withdraw", `{"address": "anna@example.com", "channels": ["newsletter"]}`},
		{"/v1/consent:check", `{"address": "anna@example.com", "channel": "newsletter"}`},
	} {
		if got := r.as(http.MethodPost, call.path, call.body); got.code != http.StatusOK {
			t.Fatalf("%s: %d %s", call.path, got.code, got.body)
		}
	}
	got := r.as(http.MethodPost, "/v1/recipients:listDisclosures", `{"address": "anna@example.com"}`)
	if list, _ := got.json["disclosures"].([]any); got.code != http.StatusOK || len(list) != 1 ||
		!strings.Contains(got.body, "newsletter") || !strings.Contains(got.body, `"admin"`) {
		t.Errorf("disclosures: %d %s", got.code, got.body)
	}
	kept := r.as(http.MethodPost, "/v1/retention:run", `{"validateOnly": true}`)
	if classes, _ := kept.json["classes"].([]any); kept.code != http.StatusOK || len(classes) != 7 {
		t.Errorf("retention: %d %s", kept.code, kept.body)
	}
}

func TestREST_AsksAboutThePast_AndFiltersHistories(t *testing.T) {
	r := run(t, settings(t))
	for _, call := range []struct{ path, body string }{
		{"/v1/consent:grant", `{"address": "anna@example.com", "channels": ["newsletter"], "legalBasis": "LEGAL_BASIS_CONSENT",
			"declaration": {"id": "newsletter-signup", "version": "2026-01"},
			"evidence": {"source": "web_form", "confirmedTime": "2026-11-01T11:00:00Z"}}`},
		{"/v1/consent:withdraw", `{"address": "anna@example.com", "channels": ["newsletter"]}`},
	} {
		if got := r.as(http.MethodPost, call.path, call.body); got.code != http.StatusOK {
			t.Fatalf("%s: %d %s", call.path, got.code, got.body)
		}
	}
	for name, c := range map[string]struct {
		path, body string
		code       int
		want       string
	}{
		"known at":         {"/v1/consent:check", `{"address": "anna@example.com", "channel": "newsletter", "knownAsOf": {"position": "2"}}`, 200, "ALLOW_CONSENT"},
		"known now":        {"/v1/consent:check", `{"address": "anna@example.com", "channel": "newsletter", "knownAsOf": {"position": "3"}}`, 200, "WITHDRAWN"},
		"not known yet":    {"/v1/consent:check", `{"address": "anna@example.com", "channel": "newsletter", "knownAsOf": {"position": "4"}}`, 400, "POSITION_UNKNOWN"},
		"before the first": {"/v1/recipients:lookup", `{"address": "anna@example.com", "knownAsOf": {"time": "2001-01-01T00:00:00Z"}}`, 400, "POSITION_UNKNOWN"},
		"both":             {"/v1/recipients:lookup", `{"address": "anna@example.com", "knownAsOf": {"time": "2001-01-01T00:00:00Z", "position": "2"}}`, 400, "INVALID_REQUEST"},
	} {
		got := r.as(http.MethodPost, c.path, c.body)
		if got.code != c.code || !strings.Contains(got.body, c.want) {
			t.Errorf("%s: %d %s", name, got.code, got.body)
		}
	}
	history := r.as(http.MethodPost, "/v1/history:search", `{"address": "anna@example.com", "kinds": ["withdraw"], "channel": "newsletter"}`)
	if events, _ := history.json["events"].([]any); history.code != http.StatusOK || len(events) != 1 {
		t.Errorf("history: %d %s", history.code, history.body)
	}
}

func TestREST_Receipts_AreGivenAndVerified(t *testing.T) {
	r := run(t, settings(t))
	const check = `{"address": "anna@example.com", "channel": "newsletter", "receipt": %t}`
	plain := r.as(http.MethodPost, "/v1/consent:check", fmt.Sprintf(check, false))
	if decision, _ := plain.json["decision"].(map[string]any); plain.code != http.StatusOK || decision["receipt"] != "" {
		t.Errorf("unasked: %d %s", plain.code, plain.body)
	}
	checked := r.as(http.MethodPost, "/v1/consent:check", fmt.Sprintf(check, true))
	decision, _ := checked.json["decision"].(map[string]any)
	text, _ := decision["receipt"].(string)
	if !strings.HasPrefix(text, "assent receipt v1\n") || strings.Contains(text, "anna") {
		t.Fatalf("check: %d %s", checked.code, checked.body)
	}
	for address, want := range map[string]string{
		"Anna@example.com": "RECEIPT_OUTCOME_SAME", "": "RECEIPT_OUTCOME_NOT_REPLAYED", "ben@example.com": "RECEIPT_OUTCOME_OTHER_ADDRESS",
	} {
		body, err := json.Marshal(map[string]string{"receipt": text, "address": address})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.as(http.MethodPost, "/v1/consent:verifyReceipt", string(body)); got.code != http.StatusOK || got.json["outcome"] != want {
			t.Errorf("%q: %d %s", address, got.code, got.body)
		}
	}
	got := r.as(http.MethodPost, "/v1/consent:verifyReceipt", `{"receipt": "assent receipt v1"}`)
	if got.code != http.StatusBadRequest || !strings.Contains(got.body, "INVALID_RECEIPT") {
		t.Errorf("no receipt: %d %s", got.code, got.body)
	}
	batch := r.as(http.MethodPost, "/v1/consent:batchCheck", `{"addresses": ["anna@example.com"], "channel": "newsletter", "receipt": true}`)
	if batch.code != http.StatusBadRequest {
		t.Errorf("a batch takes the wish for receipts and does not fulfil it: %d %s", batch.code, batch.body)
	}
}

func TestREST_Denial_IsNoError(t *testing.T) {
	r := run(t, settings(t))
	got := r.as(http.MethodPost, "/v1/consent:check", `{"address": "anna@example.com", "channel": "newsletter"}`)
	if got.code != http.StatusOK || !strings.Contains(got.body, "VERDICT_DENY") {
		t.Errorf("%d %s", got.code, got.body)
	}
}

func TestREST_WhatIsWrong_IsToldAndRepeatsNoAddress(t *testing.T) {
	r := run(t, settings(t))
	deep := `{"evidence":` + strings.Repeat(`{"a":`, 100) + `1` + strings.Repeat(`}`, 100) + `}`
	for name, test := range map[string]struct {
		method, path, body string
		code               int
		reason, text       string
	}{
		"unknown key":         {"POST", "/v1/consent:check", `{"adress": "anna@example.com"}`, 400, "INVALID_REQUEST", "does not have the field adress; did you mean address?"},
		"half a pair":         {"POST", "/v1/consent:grant", `{"evidence": {"note": "\ud800"}}`, 400, "INVALID_REQUEST", "at line 1, column 23: a string has a "},
		"address as a key":    {"POST", "/v1/consent:check", `{"anna@example.com": 1}`, 400, "INVALID_REQUEST", "does not have this field"},
		"wrong type":          {"POST", "/v1/consent:check", `{"address": 7}`, 400, "INVALID_REQUEST", "address must be of type string"},
		"address for a bool":  {"POST", "/v1/consent:check", `{"containsAdvertising": "anna@example.com"}`, 400, "INVALID_REQUEST", "containsAdvertising must be of type bool"},
		"unknown enum":        {"POST", "/v1/consent:grant", `{"legalBasis": "anna@example.com"}`, 400, "INVALID_REQUEST", "legalBasis must be one of LEGAL_BASIS_CONSENT, LEGAL_BASIS_EXISTING"},
		"unknown inner enum":  {"POST", "/v1/events:batchRecord", `{"events": [{"grant": {"legal_basis": "anna"}}]}`, 400, "INVALID_REQUEST", "must be one of LEGAL_BASIS_CONSENT"},
		"enum out of range":   {"POST", "/v1/consent:grant", `{"address": "anna@example.com", "channels": ["newsletter"], "legalBasis": 99}`, 400, "INVALID_REQUEST", "must be one of LEGAL_BASIS_CONSENT"},
		"no time":             {"POST", "/v1/consent:check", `{"asOf": "anna@example.com"}`, 400, "INVALID_REQUEST", "a time must have the form of"},
		"hour of one digit":   {"POST", "/v1/consent:check", `{"channel": "newsletter", "asOf": "2026-10-01T1:00:00Z"}`, 400, "INVALID_REQUEST", "asOf: a time must have the form of"},
		"offset of a day":     {"GET", "/v1/erasures/returns?sinceTime=2026-10-01T01:00:00%2B24:00", ``, 400, "INVALID_REQUEST", "a time must have the form of"},
		"key twice":           {"POST", "/v1/consent:check", `{"channel": "a", "channel": "b"}`, 400, "INVALID_REQUEST", "channel is given twice"},
		"two targets":         {"POST", "/v1/suppressions", `{"address": "a@example.com", "domain": "example.com"}`, 400, "INVALID_REQUEST", "only one field of target"},
		"cut short":           {"POST", "/v1/consent:check", `{"address": "anna@example.com"`, 400, "INVALID_REQUEST", "ends too early"},
		"no JSON":             {"POST", "/v1/consent:check", `anna@example.com`, 400, "INVALID_REQUEST", "at line 1, column 1"},
		"something after it":  {"POST", "/v1/consent:check", `{"channel": "newsletter"} anna@example.com`, 400, "INVALID_REQUEST", "the body is not valid"},
		"invalid UTF-8":       {"POST", "/v1/consent:check", "{\"address\": \"\xff@example.com\"}", 400, "INVALID_REQUEST", "UTF-8"},
		"too deep":            {"POST", "/v1/consent:check", deep, 400, "INVALID_REQUEST", "the body is not valid"},
		"empty body":          {"POST", "/v1/consent:check", ``, 400, "INVALID_REQUEST", "channel"},
		"no such address":     {"POST", "/v1/consent:check", `{"address": "anna", "channel": "newsletter"}`, 400, "INVALID_ADDRESS", "address"},
		"expires in 1969":     {"POST", "/v1/consent:grant", `{"address": "anna@example.com", "channels": ["newsletter"], "legalBasis": 1, "expiresTime": "1969-12-31T00:00:00Z"}`, 400, "INVALID_TIME", "expiresTime"},
		"parameter of a POST": {"POST", "/v1/consent:check?address=anna@example.com", `{}`, 400, "INVALID_REQUEST", "in the body"},
		"unknown parameter":   {"GET", "/v1/clients?address=anna@example.com", ``, 400, "INVALID_REQUEST", "parameter"},
		"wrong parameter":     {"GET", "/v1/catalog?version=anna@example.com", ``, 400, "INVALID_REQUEST", "parameter"},
		"nothing there":       {"GET", "/v1/recipients/anna@example.com", ``, 404, "NO_SUCH_PATH", "this path is not part of the API"},
		"wrong method":        {"DELETE", "/v1/catalog", ``, 405, "METHOD_NOT_ALLOWED", "does not support the HTTP method"},
		"no such version":     {"GET", "/v1/catalog?version=9", ``, 404, "CATALOG_NOT_FOUND", ""},
		"not refusable":       {"POST", "/v1/consent:withdraw", `{"address": "anna@example.com", "channels": ["order-updates"]}`, 400, "NOT_REFUSABLE", ""},
		"etag of another":     {"PUT", "/v1/catalog", `{"document": "%s", "etag": "7-x"}`, 409, "ETAG_MISMATCH", ""},
		"client there is":     {"POST", "/v1/clients", `{"id": "admin", "role": "admin", "allDepartments": true}`, 409, "CLIENT_EXISTS", ""},
		"client there is not": {"POST", "/v1/clients/nobody:revoke", `{}`, 404, "CLIENT_NOT_FOUND", ""},
	} {
		t.Run(name, func(t *testing.T) {
			body := test.body
			if strings.Contains(body, "%s") {
				document, err := json.Marshal(readExample(t))
				if err != nil {
					t.Fatal(err)
				}
				body = strings.Replace(body, `"%s"`, string(document), 1)
			}
			got := r.as(test.method, test.path, body)
			if got.code != test.code || got.reason() != test.reason || !strings.Contains(got.body, test.text) {
				t.Errorf("got %d %s, want %d %s that says %q", got.code, got.body, test.code, test.reason, test.text)
			}
			if strings.Contains(got.body, "anna") {
				t.Errorf("the answer repeats an address: %s", got.body)
			}
		})
	}
	if log := r.log.String(); strings.Contains(log, "anna") {
		t.Errorf("the log holds an address:\n%s", log)
	}
}

func TestREST_BodyOverTheLimit_Is413(t *testing.T) {
	t.Parallel()
	r := run(t, settings(t))
	large := fmt.Sprintf(`{"address": "%s"}`, strings.Repeat("a", 5<<20))
	if got := r.as(http.MethodPost, "/v1/recipients:lookup", large); got.code != http.StatusRequestEntityTooLarge || got.reason() != "TOO_LARGE" {
		t.Errorf("5 MiB: %d %s", got.code, got.body)
	}
	// A batch may have more.
	batch := fmt.Sprintf(`{"channel": "newsletter", "addresses": [%q]}`, strings.Repeat("a", 5<<20))
	if got := r.as(http.MethodPost, "/v1/consent:batchCheck", batch); got.code != http.StatusOK {
		t.Errorf("a batch of 5 MiB: %d %s", got.code, got.body)
	}
	batch = fmt.Sprintf(`{"channel": "newsletter", "addresses": [%q]}`, strings.Repeat("a", 17<<20))
	if got := r.as(http.MethodPost, "/v1/consent:batchCheck", batch); got.code != http.StatusRequestEntityTooLarge {
		t.Errorf("a batch of 17 MiB: %d %s", got.code, got.body)
	}
}

func TestREST_10001Items_Are400(t *testing.T) {
	r := run(t, settings(t))
	addresses, err := json.Marshal(slices.Repeat([]string{"anna@example.com"}, 10_001))
	if err != nil {
		t.Fatal(err)
	}
	got := r.as(http.MethodPost, "/v1/consent:batchCheck", fmt.Sprintf(`{"channel": "newsletter", "addresses": %s}`, addresses))
	if got.code != http.StatusBadRequest || got.reason() != "INVALID_REQUEST" || !strings.Contains(got.body, `"addresses"`) {
		t.Errorf("%d %s", got.code, got.body)
	}
}

func TestREST_WithoutKeyOrScope_Is401And403(t *testing.T) {
	r := run(t, settings(t))
	got := r.call(http.MethodPost, "/v1/consent:check", `{"address": "anna@example.com", "channel": "newsletter"}`)
	if got.code != http.StatusUnauthorized || got.reason() != "UNAUTHENTICATED" || !strings.Contains(got.body, "is missing") ||
		got.header.Get("WWW-Authenticate") != `Bearer realm="assent"` {
		t.Errorf("%d %v %s", got.code, got.header, got.body)
	}
	created := r.as(http.MethodPost, "/v1/clients", `{"id": "reader", "allDepartments": true, "scopes": ["read"]}`)
	key, _ := created.json["apiKey"].(string)
	got = r.call(http.MethodPost, "/v1/consent:check", `{"address": "anna@example.com", "channel": "newsletter"}`,
		"Authorization", "Bearer "+key)
	if got.code != http.StatusForbidden || got.reason() != "SCOPE_MISSING" || !strings.Contains(got.body, "the scope check") {
		t.Errorf("%d %s", got.code, got.body)
	}
}

// routes returns the method and path of every REST call, with a made-up value for what stands in braces.
func routes(t *testing.T) [][2]string {
	t.Helper()
	var all [][2]string
	add := func(method protoreflect.MethodDescriptor) {
		rule, ok := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
		if !ok {
			t.Errorf("%s has no path", method.FullName())
			return
		}
		for verb, path := range map[string]string{
			http.MethodGet: rule.GetGet(), http.MethodPut: rule.GetPut(), http.MethodPost: rule.GetPost(),
			http.MethodDelete: rule.GetDelete(), http.MethodPatch: rule.GetPatch(),
		} {
			if path != "" {
				all = append(all, [2]string{verb, regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, "x")})
			}
		}
	}
	protoregistry.GlobalFiles.RangeFilesByPackage("assent.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			for j := range file.Services().Get(i).Methods().Len() {
				add(file.Services().Get(i).Methods().Get(j))
			}
		}
		return true
	})
	return all
}

func TestREST_WithoutKey_IsRefusedBeforeAnythingIsRead(t *testing.T) {
	r := run(t, settings(t))
	known := routes(t)
	if len(known) < 16 {
		t.Fatalf("only %d routes", len(known))
	}
	known = append(known, [2]string{http.MethodPost, "/v1/nothing"}, [2]string{http.MethodDelete, "/v1/catalog"})
	for _, route := range known {
		for _, query := range []string{"", "?unknown=1", "?page_size=x"} {
			for _, key := range []string{"", "Basic x", "Bearer assent_admin_" + strings.Repeat("0", 64)} {
				headers := []string{"X-Request-Id", "req-1"}
				if key != "" {
					headers = append(headers, "Authorization", key)
				}
				got := r.call(route[0], route[1]+query, "{bad", headers...)
				if got.code != http.StatusUnauthorized || got.reason() != "UNAUTHENTICATED" || got.header.Get("X-Request-Id") != "req-1" {
					t.Errorf("%s %s with %q: %d %s", route[0], route[1]+query, key, got.code, got.body)
				}
			}
		}
	}
	if log := r.log.String(); !strings.Contains(log, "msg=call method=http code=Unauthenticated") || !strings.Contains(log, "request_id=req-1 reason=UNAUTHENTICATED") {
		t.Errorf("the refusals are not logged:\n%s", log)
	}
}

func TestREST_WithoutKey_LargeBodyIsNotWaitedFor(t *testing.T) {
	r := run(t, settings(t))
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", r.at.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	// The body never comes: a server that waits for it does not answer.
	if _, err := io.WriteString(conn, "POST /v1/events:batchRecord HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15000000\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %s", response.Status)
	}
}

func TestREST_OtherHeaders_HaveNoEffect(t *testing.T) {
	r := run(t, settings(t))
	got := r.as(http.MethodPost, "/v1/consent:check", `{"address": "anna@example.com", "channel": "newsletter"}`,
		"Grpc-Timeout", "1n", "Grpc-Metadata-Authorization", "Bearer x", "X-Http-Method-Override", "DELETE")
	if got.code != http.StatusOK {
		t.Errorf("%d %s", got.code, got.body)
	}
}

func TestPages_OpenAPIIsOpen_MetricsNeedAKey(t *testing.T) {
	r := run(t, settings(t))
	if got := r.call(http.MethodGet, "/openapi.json", ""); got.code != http.StatusOK || got.body != string(openapi.Document) {
		t.Errorf("/openapi.json: %d", got.code)
	}
	if got := r.call(http.MethodGet, "/metrics", ""); got.code != http.StatusUnauthorized || got.reason() != "UNAUTHENTICATED" {
		t.Errorf("/metrics without a key: %d %s", got.code, got.body)
	}
	if got := r.as(http.MethodGet, "/metrics", ""); got.code != http.StatusOK {
		t.Errorf("/metrics with a key: %d %s", got.code, got.body)
	}
}

func TestMetrics_KeyOfOneDepartment_IsRefused(t *testing.T) {
	r := run(t, settings(t))
	made := r.as(http.MethodPost, "/v1/clients", `{"id": "desk", "department": "marketing", "role": "admin"}`)
	key, _ := made.json["apiKey"].(string)
	got := r.call(http.MethodGet, "/metrics", "", "Authorization", "Bearer "+key)
	if got.code != http.StatusForbidden || got.reason() != "OTHER_DEPARTMENT" || strings.Contains(got.body, "assent_decisions") {
		t.Errorf("%d %s", got.code, got.body)
	}
}

func TestMetrics_NeedTheirScope_AndTellOfTheStore(t *testing.T) {
	r := run(t, settings(t))
	as := func(id, role string) *answer {
		created := r.as(http.MethodPost, "/v1/clients", `{"id": "`+id+`", "role": "`+role+`", "allDepartments": true}`)
		key, _ := created.json["apiKey"].(string)
		return r.call(http.MethodGet, "/metrics", "", "Authorization", "Bearer "+key)
	}
	if got := as("sender", "sender"); got.code != http.StatusForbidden || got.reason() != "SCOPE_MISSING" {
		t.Errorf("a sender: %d %s", got.code, got.body)
	}
	got := as("prometheus", "monitor")
	for _, want := range []string{
		`assent_store_operation_duration_seconds_count{operation="write",outcome="ok"} `, "assent_store_queued_writes 0\n",
		`assent_store_connections{state="idle"} `, `assent_build_info{goversion="`,
	} {
		if !strings.Contains(got.body, "\n"+want) {
			t.Errorf("%d: the page lacks %s:\n%s", got.code, want, got.body)
		}
	}
}

func TestOpenAPI_HasEveryPath(t *testing.T) {
	document, err := model.Read(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	want := append(routes(t), [][2]string{
		{"GET", "/openapi.json"}, {"GET", "/assent.fds"}, {"GET", "/healthz"}, {"GET", "/readyz"}, {"GET", "/metrics"},
	}...)
	for _, route := range want {
		found := false
		for _, path := range document.Paths {
			written := regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path.Name, "x")
			found = found || written == route[1] && path.Value.Get(strings.ToLower(route[0])) != nil
		}
		if !found {
			t.Errorf("the document has no %s %s", route[0], route[1])
		}
	}
}

func TestMetrics_CountDecisionsAndCalls_AndHoldNoAddress(t *testing.T) {
	r := run(t, settings(t))
	for _, address := range []string{"anna@example.com", "bob@example.com", "nobody", "abuse@example.com"} {
		r.as(http.MethodPost, "/v1/consent:check", fmt.Sprintf(`{"address": %q, "channel": "newsletter"}`, address))
	}
	r.as(http.MethodPost, "/v1/consent:check", `{"address": "anna@example.com", "channel": "anna@example.com"}`)
	r.as(http.MethodGet, "/v1/anna@example.com", "")
	conn := r.connect()
	if err := conn.Invoke(r.key(), "/anna@example.com/Check", nil, nil); err == nil {
		t.Error("a method that does not exist was called")
	}
	page := r.as(http.MethodGet, "/metrics", "").body
	for _, want := range []string{
		`assent_decisions_total{channel="newsletter",reason="NO_LEGAL_BASIS",verdict="DENY"} 2`,
		`assent_decisions_total{channel="newsletter",reason="ROLE_ADDRESS",verdict="DENY"} 1`,
		`rpc_method="assent.v1.ConsentService/CheckConsent"`,
		"go_goroutines",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page, "anna") || strings.Contains(page, "example.com") {
		t.Errorf("the page holds an address:\n%s", page)
	}
}
