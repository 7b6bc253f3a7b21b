package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// consentOf records a consent of the past for the newsletter and returns its position.
func (r *running) consentOf(address, batch string) string {
	r.t.Helper()
	got := r.as(http.MethodPost, "/v1/events:batchRecord", fmt.Sprintf(`{"batchId": %q, "events": [{"occurredTime": "2026-10-01T08:00:00Z",
		"grant": {"address": %q, "channels": ["newsletter"], "legalBasis": "LEGAL_BASIS_CONSENT",
			"declaration": {"id": "newsletter-signup", "version": "2026-01"},
			"evidence": {"source": "web_form", "confirmedTime": "2026-10-01T08:00:00Z"}}}]}`, batch, address))
	results, _ := got.json["results"].([]any)
	if got.code != http.StatusOK || len(results) != 1 {
		r.t.Fatalf("record: %d %s", got.code, got.body)
	}
	result, _ := results[0].(map[string]any)
	if failed, ok := result["error"].(map[string]any); ok && failed != nil {
		return fmt.Sprint(failed["reason"])
	}
	return fmt.Sprint(result["position"])
}

// says checks a call for its code, and for what its body says.
func (r *running) says(method, path, body string, code int, want ...string) {
	r.t.Helper()
	got := r.as(method, path, body)
	if got.code != code {
		r.t.Errorf("%s %s: %d %s", path, body, got.code, got.body)
	}
	var compact bytes.Buffer
	// The server's spaces vary on purpose.
	if err := json.Compact(&compact, []byte(got.body)); err != nil {
		r.t.Errorf("%s: %v in %s", path, err, got.body)
	}
	for _, text := range want {
		if !strings.Contains(compact.String(), text) {
			r.t.Errorf("%s %s: %s does not say %s", path, body, got.body, text)
		}
	}
}

func TestREST_Erasure_IsRealAndWhatComesBackIsListed(t *testing.T) {
	r := run(t, settings(t))
	first := r.consentOf("anna@example.com", "")
	if first != "2" {
		t.Fatalf("got %s", first)
	}
	erase := `{"address": "anna@example.com", "operator": "desk 7", "justification": "case 4711",
		"requestId": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}`
	for range 2 {
		r.says("POST", "/v1/recipients:erase", erase, 200, `"positions":["3"]`, `"duplicate":false`)
	}
	r.says("POST", "/v1/consent:check", `{"address": "anna@example.com", "channel": "newsletter"}`, 200, `"ERASED"`)
	if got := r.consentOf("anna@example.com", ""); got != "ERASED_BEFORE" {
		t.Errorf("the old consent: %s", got)
	}
	r.says("POST", "/v1/consent:grant", `{"address": "anna@example.com", "channels": ["newsletter"],
		"legalBasis": "LEGAL_BASIS_CONSENT", "occurredTime": "2026-10-01T08:00:00Z"}`, 400, "ERASED_BEFORE")
	r.says("GET", "/v1/erasures/returns?sinceTime=2026-01-01T00:00:00Z&pageSize=1", "", 200,
		`"day":"2026-11-01"`, `"client":"admin"`, `"count":"2"`, `"nextPageToken":""`)
	r.says("GET", "/v1/erasures/returns?since_time=2027-01-01T00:00:00Z", "", 200, `"returns":[]`)
	r.says("POST", "/v1/history:search", `{"address": "anna@example.com"}`, 200, `"erase":{`, "case 4711", `"standsFor":[]`)
	if log := r.log.String(); strings.Contains(log, "anna") {
		t.Errorf("the log holds an address:\n%s", log)
	}
}

func TestREST_MoveVoidAndHold_AsGRPCDoes(t *testing.T) {
	r := run(t, settings(t))
	const batch = "11111111-2222-4333-8444-555555555555"
	position := r.consentOf("anna@example.com", "")
	r.consentOf("ben@example.com", batch)
	r.says("POST", "/v1/consent:withdraw", `{"address": "carl@example.com", "channels": ["newsletter"]}`, 200)
	r.says("POST", "/v1/recipients:move",
		`{"address": "carl@example.com", "newAddress": "karl@example.com", "justification": "ticket 12"}`, 200, `"positions":["5","6","7"]`)
	r.says("POST", "/v1/consent:check", `{"address": "karl@example.com", "channel": "newsletter"}`, 200, `"WITHDRAWN"`)
	r.says("POST", "/v1/events:void", `{"position": "`+position+`", "justification": "typed wrongly"}`, 200, `"events":"1"`, `"subjects":"1"`)
	r.says("POST", "/v1/events:void", `{"batchId": "`+batch+`", "justification": "wrong file"}`, 200, `"events":"1"`)
	for _, address := range []string{"anna@example.com", "ben@example.com"} {
		r.says("POST", "/v1/consent:check", `{"address": "`+address+`", "channel": "newsletter"}`, 200, `"NO_LEGAL_BASIS"`)
	}
	r.says("POST", "/v1/recipients:hold", `{"address": "anna@example.com", "justification": "case 7"}`, 200, `"positions":["`)
	r.says("POST", "/v1/recipients:erase", `{"address": "anna@example.com"}`, 400, "LEGAL_HOLD", "under a legal hold since")
	r.says("POST", "/v1/recipients:releaseHold", `{"address": "anna@example.com", "justification": "settled"}`, 200, `"positions":["`)
	r.says("POST", "/v1/recipients:releaseHold", `{"address": "anna@example.com", "justification": "settled"}`, 400, "NOT_HELD")
	r.says("POST", "/v1/history:search", `{"address": "anna@example.com", "kinds": ["void", "hold"]}`, 200, "typed wrongly", "case 7")
}

func TestREST_Rights_WhatIsWrong_IsRefused(t *testing.T) {
	r := run(t, settings(t))
	r.says("POST", "/v1/recipients:erase", `{"address": "anna"}`, 400, "INVALID_ADDRESS")
	r.says("POST", "/v1/recipients:erase", `{"address": "a@example.com", "justification": "b@example.com"}`, 400, "INVALID_EVIDENCE")
	r.says("POST", "/v1/recipients:move", `{"address": "a@example.com", "newAddress": "b@example.com"}`, 400, "INVALID_REQUEST", "justification")
	r.says("POST", "/v1/events:void", `{"justification": "x"}`, 400, "INVALID_REQUEST", "leftOut")
	r.says("POST", "/v1/events:void", `{"position": "1", "batchId": "x", "justification": "x"}`, 400, "INVALID_REQUEST")
	r.says("POST", "/v1/events:void", `{"position": "1", "justification": "x"}`, 400, "NOT_VOIDABLE")
	r.says("POST", "/v1/events:void", `{"position": "99", "justification": "x"}`, 400, "POSITION_UNKNOWN")
	r.says("POST", "/v1/recipients:hold", `{"address": "a@example.com"}`, 400, "INVALID_REQUEST", "justification")
	r.says("GET", "/v1/erasures/returns?since=2026-01-01T00:00:00Z", "", 400, "INVALID_REQUEST", "parameter")
	r.says("GET", "/v1/erasures/returns?pageToken=x", "", 400, "INVALID_PAGE_TOKEN")

	created := r.as(http.MethodPost, "/v1/clients", `{"id": "one", "department": "marketing", "role": "officer"}`)
	key, _ := created.json["apiKey"].(string)
	for path, body := range map[string]string{
		"/v1/recipients:move":        `{"address": "a@example.com", "newAddress": "b@example.com", "justification": "x"}`,
		"/v1/events:void":            `{"position": "1", "justification": "x"}`,
		"/v1/recipients:hold":        `{"address": "a@example.com", "justification": "x"}`,
		"/v1/recipients:releaseHold": `{"address": "a@example.com", "justification": "x"}`,
	} {
		got := r.call(http.MethodPost, path, body, "Authorization", "Bearer "+key)
		if got.code != http.StatusForbidden || got.reason() != "OTHER_DEPARTMENT" {
			t.Errorf("%s: %d %s", path, got.code, got.body)
		}
	}
}
