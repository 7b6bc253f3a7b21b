package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestREST_MethodThatAPathLacks_IsToldWhatItHas(t *testing.T) {
	r := run(t, settings(t))
	for path, want := range map[string]string{
		"/v1/catalog": "GET, HEAD, PUT", "/v1/clients": "GET, HEAD, POST", "/v1/clients/x:revoke": "POST", "/v1/consent:check": "POST",
		"/v1/ledger/entries/1:prove": "GET, HEAD", "/healthz": "GET, HEAD", "/readyz": "GET, HEAD", "/openapi.json": "GET, HEAD",
		"/metrics": "GET, HEAD", "/": "GET, HEAD", "/reference": "GET, HEAD",
	} {
		got := r.as(http.MethodDelete, path, "")
		if got.code != http.StatusMethodNotAllowed || got.header.Get("Allow") != want || got.reason() != "METHOD_NOT_ALLOWED" {
			t.Errorf("%s: %d, Allow %q, want %q: %s", path, got.code, got.header.Get("Allow"), want, got.body)
		}
	}
}

func TestREST_HEAD_IsAnsweredWhereGETIs(t *testing.T) {
	r := run(t, settings(t))
	paths := []string{"/healthz", "/readyz", "/openapi.json", "/metrics", "/", "/reference"}
	for _, route := range routes(t) {
		if route[0] == http.MethodGet && route[1] != "/v1/changes:watch" { // See below.
			paths = append(paths, strings.Replace(route[1], "entries/x", "entries/1", 1))
		}
	}
	for _, path := range append(paths, "/v1/nothing", "/v1/consent:check") {
		get, head := r.as(http.MethodGet, path, ""), r.as(http.MethodHead, path, "")
		if head.code != get.code || head.body != "" || head.header.Get("Content-Type") != get.header.Get("Content-Type") {
			t.Errorf("%s: HEAD %d %q %q, GET %d", path, head.code, head.header.Get("Content-Type"), head.body, get.code)
		}
	}
	for path, want := range map[string]int{
		"/v1/changes:watch": http.StatusOK, "/v1/changes:watch?channels=nothing": http.StatusBadRequest, "/v1/changes:watch?from=x": http.StatusBadRequest,
	} { // The answer to GET does not end.
		head := r.as(http.MethodHead, path, "")
		media := map[bool]string{true: "text/event-stream", false: "application/json"}[want == http.StatusOK]
		if head.code != want || head.body != "" || head.header.Get("Content-Type") != media {
			t.Errorf("%s: HEAD %d %q %q, want %d", path, head.code, head.header.Get("Content-Type"), head.body, want)
		}
		if got := r.call(http.MethodHead, path, ""); got.code != http.StatusUnauthorized {
			t.Errorf("%s: HEAD without a key: %d", path, got.code)
		}
	}
	if got := r.call(http.MethodHead, "/v1/catalog", ""); got.code != http.StatusUnauthorized {
		t.Errorf("HEAD without a key: %d", got.code)
	}
}

// violations are the fields that the BadRequest of the body names, in order.
func (a *answer) violations() []string {
	var fields []string
	details, _ := a.json["details"].([]any)
	for _, d := range details {
		request, _ := d.(map[string]any)
		list, _ := request["fieldViolations"].([]any)
		for _, v := range list {
			violation, _ := v.(map[string]any)
			field, _ := violation["field"].(string)
			fields = append(fields, field)
		}
	}
	return fields
}

func TestREST_ParameterThatDoesNotFit_IsNamed(t *testing.T) {
	r := run(t, settings(t))
	for path, want := range map[string]struct {
		fields []string
		text   string
	}{
		"/v1/catalog?version=abc":                          {[]string{"version"}, "a whole number"},
		"/v1/catalog?version=1&version=2":                  {[]string{"version"}, "given twice"},
		"/v1/catalog?versoin=1":                            {[]string{"versoin"}, "its parameters are version"},
		"/v1/catalog?anna@example.com=1":                   {[]string{""}, "its parameters are version"},
		"/v1/clients?page_size=x&pageToken=%ff&limit=1":    {[]string{"limit", "pageSize", "pageToken"}, "(and 2 more)"},
		"/v1/clients?page_size=1&pageSize=2":               {[]string{"pageSize"}, "given twice"},
		"/v1/clients?pageSize=99999999999":                 {[]string{"pageSize"}, "a whole number"},
		"/v1/ledger/entries/abc:prove":                     {[]string{"position"}, "a whole number"},
		"/v1/ledger/entries/1:prove?position=2":            {[]string{"position"}, "does not have this parameter"},
		"/v1/ledger:proveConsistency?fromSize=a&toPosit=1": {[]string{"toPosit", "fromSize"}, "does not have this parameter"},
	} {
		got := r.as(http.MethodGet, path, "")
		if got.code != http.StatusBadRequest || !cmp.Equal(got.violations(), want.fields) || !strings.Contains(got.body, want.text) ||
			strings.Contains(got.body, "anna") {
			t.Errorf("%s: %d %v, want %v that says %q: %s", path, got.code, got.violations(), want.fields, want.text, got.body)
		}
	}
}

func TestREST_EmptyCheck_NamesEveryFieldThatIsMissing(t *testing.T) {
	r := run(t, settings(t))
	for path, want := range map[string][]string{
		"/v1/consent:check": {"address", "channel"}, "/v1/consent:batchCheck": {"addresses", "channel"},
		"/v1/consent:request": {"address", "channel"}, "/v1/consent:grant": {"address", "channels", "legalBasis"},
		"/v1/recipients:move": {"address", "newAddress", "justification"}, "/v1/suppressions": {"target", "reason"},
		"/v1/suppressions:lift": {"target", "reason", "justification"},
	} {
		if got := r.as(http.MethodPost, path, "{}"); got.code != http.StatusBadRequest || !cmp.Equal(got.violations(), want) {
			t.Errorf("%s: %d %v, want %v: %s", path, got.code, got.violations(), want, got.body)
		}
	}
}

func TestREST_RefusalWithEvidenceThatIsNoText_IsRecordedWithAWarning(t *testing.T) {
	r := run(t, settings(t))
	r.loose = true
	for what, note := range map[string]string{
		"Latin-1": "caf\xe9", "half of a surrogate pair": `\ud83d cut`, "an escape that JSON lacks": `\x41`, "a NUL": `\u0000`,
	} {
		evidence := `"evidence": {"note": "` + note + `"}`
		no := `{"address": "a@example.com", "channels": ["newsletter"], ` + evidence + `}`
		for path, body := range map[string]string{
			"/v1/consent:withdraw":   no,
			"/v1/suppressions":       `{"address": "b@example.com", "reason": "HARD_BOUNCE", ` + evidence + `}`,
			"/v1/events:batchRecord": `{"events": [{"withdraw": ` + no + `}]}`,
		} {
			got := r.as(http.MethodPost, path, body)
			if got.code != http.StatusOK || !strings.Contains(got.body, "EVIDENCE_SHORTENED") || !strings.Contains(got.body, "evidence.note") {
				t.Errorf("%s, %s: %d %s", what, path, got.code, got.body)
			}
			// What says whom it is about is not mended.
			got = r.as(http.MethodPost, path, strings.Replace(body, "@example", note+"@example", 1))
			if !strings.Contains(got.body, "INVALID_ADDRESS") {
				t.Errorf("%s, %s, address: %d %s", what, path, got.code, got.body)
			}
		}
		erasure := `{"address": "c@example.com", "operator": "` + note + `", "justification": "` + note + `"}`
		if got := r.as(http.MethodPost, "/v1/recipients:erase", erasure); got.code != http.StatusOK || strings.Count(got.body, "EVIDENCE_SHORTENED") != 2 {
			t.Errorf("%s, an erasure: %d %s", what, got.code, got.body)
		}
		grant := `{"address": "a@example.com", "channels": ["newsletter"], "legalBasis": "consent", ` + evidence + `}`
		if got := r.as(http.MethodPost, "/v1/consent:grant", grant); got.code != http.StatusBadRequest {
			t.Errorf("%s, a grant: %d %s", what, got.code, got.body)
		}
		got := r.as(http.MethodPost, "/v1/events:batchRecord", `{"events": [{"grant": `+grant+`}, {"refuse": `+no+`}]}`)
		if got.code != http.StatusOK || !strings.Contains(got.body, "INVALID_EVIDENCE") || !strings.Contains(got.body, "EVIDENCE_SHORTENED") {
			t.Errorf("%s, a batch with a grant: %d %s", what, got.code, got.body)
		}
	}
}
