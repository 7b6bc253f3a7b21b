package openapi_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	written "github.com/assent-io/assent/api/openapi"
	"github.com/assent-io/assent/internal/openapi"
)

func TestDocument_ReadAndWrittenAgain_IsTheSame(t *testing.T) {
	document, err := openapi.Read(written.Document)
	if err != nil {
		t.Fatal(err)
	}
	again, err := document.Write()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(written.Document), string(again)); diff != "" {
		t.Error(diff)
	}
}

func TestNamed_KeepsTheOrder_AndWhatIsNoHTML(t *testing.T) {
	var named openapi.Named[string]
	if err := json.Unmarshal([]byte(`{"b": "<1>", "a": "2"}`), &named); err != nil {
		t.Fatal(err)
	}
	want := openapi.Named[string]{{Name: "b", Value: "<1>"}, {Name: "a", Value: "2"}}
	if diff := cmp.Diff(want, named); diff != "" {
		t.Error(diff)
	}
	text, err := named.MarshalJSON()
	var compact map[string]string
	if err != nil || json.Unmarshal(text, &compact) != nil || compact["b"] != "<1>" {
		t.Errorf("%s, %v", text, err)
	}
	for _, wrong := range []string{`[]`, `{"a": 1}`, `{"a"`} {
		if err := json.Unmarshal([]byte(wrong), &named); err == nil {
			t.Errorf("%s was read", wrong)
		}
	}
}

const page = "| call | REST | scope | departments |\n" +
	"| ConsentService.RequestConsent | POST /v1/consent:request | record or suppress | own |\n" +
	"## Calls\n\n### RequestConsent\n\n```sh\ncurl -s http://127.0.0.1:8080/v1/consent:request -d '{\"address\": \"a@example.com\"}'\n```\n\n" +
	"```json\n{\"token\": \"abc\"}\n```\n\n### Two words\n\n```sh\nls\n```\n\n```text\nx\n```\n\n" +
	"### ConfirmConsent\n\n```sh\ncurl -s http://127.0.0.1:8080/v1/consent:confirm?x=1 -d '{\"token\": \"'\"$token\"'\"}'\n```\n\n```text\nok\n```\n"

func TestReadCalls_TakesCommandsWithTheirAnswers(t *testing.T) {
	calls, err := openapi.ReadCalls(page)
	if err != nil {
		t.Fatal(err)
	}
	for i := range calls {
		calls[i].Command, calls[i].Line = "", 0
	}
	want := []openapi.Call{
		{Name: "RequestConsent", Path: "/v1/consent:request", Body: `{"address": "a@example.com"}`, Answer: `{"token": "abc"}`, Language: "json", Lines: 1},
		{Name: "ConfirmConsent", Path: "/v1/consent:confirm?x=1", Body: `{"token": "abc"}`, Answer: "ok", Language: "text", Lines: 1},
	}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Error(diff)
	}
}

func TestReadCalls_WhatCannotBeRead_IsAnError(t *testing.T) {
	for name, text := range map[string]string{
		"no end":       "### A\n```sh\ncurl http://127.0.0.1:8080/\n",
		"another host": "### A\n```sh\ncurl http://example.com/\n```\n```json\n{}\n```\n",
		"no JSON":      "### A\n```sh\ncurl http://127.0.0.1:8080/ -d '{'\n```\n```json\n{}\n```\n",
	} {
		if calls, err := openapi.ReadCalls(text); err == nil {
			t.Errorf("%s: %v", name, calls)
		}
	}
}

func TestReadAccess_TakesTheRowsOfTheTable(t *testing.T) {
	want := map[string]openapi.Access{"RequestConsent": {Scopes: "record or suppress", Reach: "own"}}
	if diff := cmp.Diff(want, openapi.ReadAccess(page)); diff != "" {
		t.Error(diff)
	}
}
