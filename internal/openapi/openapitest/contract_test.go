package openapitest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/assent-io/assent/api/openapi"
	model "github.com/assent-io/assent/internal/openapi"
	"github.com/assent-io/assent/internal/openapi/openapitest"
)

func TestDocument_IsValid(t *testing.T) {
	if _, err := openapitest.NewContract(t.Context()); err != nil {
		t.Error(err)
	}
}

// exchange is a request and its answer as the document shows them.
type exchange struct{ method, path, body, status, answer string }

// exchanges returns the examples of all answers in JSON.
func exchanges(t *testing.T, document *model.Document) []exchange {
	t.Helper()
	var all []exchange
	for _, path := range document.Paths {
		for _, operation := range path.Value {
			body := ""
			if request := operation.Value.RequestBody; request != nil {
				body = string(request.Content.Get("application/json").Example)
			}
			for _, answer := range operation.Value.Responses {
				response := answer.Value
				if name, ok := strings.CutPrefix(response.Ref, "#/components/responses/"); ok {
					response = *document.Components.Responses.Get(name)
				}
				media := response.Content.Get("application/json")
				if media == nil {
					continue
				}
				url := strings.NewReplacer("{id}", "shop", "{position}", "2").Replace(path.Name)
				for i, p := range operation.Value.Parameters {
					if p.In == "query" && p.Required {
						url += map[bool]string{true: "?", false: "&"}[i == 0] + p.Name + "=" + strings.Trim(string(p.Example), `"`)
					}
				}
				all = append(all, exchange{strings.ToUpper(operation.Name), url, body, answer.Name, string(media.Example)})
			}
		}
	}
	return all
}

func TestDocument_EveryExample_IsWhatTheDocumentSays(t *testing.T) {
	document, err := model.Read(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	contract, err := openapitest.NewContract(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]int{
		"200": 200, "400": 400, "401": 401, "403": 403, "404": 404, "408": 408, "409": 409, "413": 413, "429": 429,
		"503": 503, "default": 500,
	}
	all := exchanges(t, document)
	if len(all) < 200 {
		t.Fatalf("only %d examples were found", len(all))
	}
	for _, e := range all {
		got := contract.Problem(t.Context(), openapitest.Exchange{
			Method: e.method, Path: e.path, Body: e.body, Code: codes[e.status],
			Header: http.Header{"Content-Type": {"application/json"}}, Answer: []byte(e.answer),
		})
		if got != "" {
			t.Errorf("%s %s, %s: %s", e.method, e.path, e.status, got)
		}
	}
}

func TestProblems_WhatTheDocumentDoesNotSay_IsFound(t *testing.T) {
	contract, err := openapitest.NewContract(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const body = `{"address": "anna@example.com", "channel": "newsletter"}`
	document, err := model.Read(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	operation := document.Paths.Get("/v1/consent:check").Get("post")
	right := string(operation.Responses.Get("200").Content.Get("application/json").Example)
	var fields map[string]map[string]any
	if err := json.Unmarshal([]byte(right), &fields); err != nil {
		t.Fatal(err)
	}
	delete(fields["decision"], "verdict")
	without, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body, answer string
		code         int
		want         string
	}{
		"all is right":          {body, right, 200, ""},
		"field that is missing": {body, string(without), 200, "schemas/Decision"},
		"unknown verdict":       {body, strings.Replace(right, `"VERDICT_`, `"VERDICT_X`, 1), 200, "schemas/Decision"},
		"unknown field":         {strings.Replace(body, "channel", "chanel", 1), right, 200, "chanel"},
		"error without details": {body, `{"code": 3, "message": "wrong"}`, 400, "details"},
		"error of another form": {body, `{"error": "wrong"}`, 500, "code"},
	} {
		got := contract.Problem(t.Context(), openapitest.Exchange{
			Method: http.MethodPost, Path: "/v1/consent:check", Body: c.body, Code: c.code,
			Header: http.Header{"Content-Type": {"application/json"}}, Answer: []byte(c.answer),
		})
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
