package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/compiler/protogen"

	written "github.com/assent-io/assent/api/openapi"
	"github.com/assent-io/assent/internal/openapi"
)

func TestText_IsInParagraphs_WithNamesOfJSON(t *testing.T) {
	d := &describer{jsonNames: map[string]string{"as_of": "asOf"}}
	comment := protogen.Comments(" Takes as_of and\n web_form.\n\n Second. Errors: NONE.\n")
	if got, want := d.text(comment), "Takes asOf and web_form.\n\nSecond.\n\nErrors: NONE."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFirstSentence_EndsBeforeItsFullStop(t *testing.T) {
	for text, want := range map[string]string{
		"One. Two.": "One", "Only one.": "Only one", "Head: tail": "Head", "No stop": "No stop", "Version 1.2 of it. More": "Version 1.2 of it",
	} {
		if got := firstSentence(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// property returns a field of a schema of the document.
func property(t *testing.T, d *openapi.Document, schema, name string) *openapi.Schema {
	t.Helper()
	s := d.Components.Schemas.Get(schema)
	if s == nil {
		t.Fatalf("there is no schema %s", schema)
	}
	p := (*s).Properties.Get(name)
	if p == nil {
		t.Fatalf("%s has no %s", schema, name)
	}
	return *p
}

func TestDocument_HasWhatTheProtosSay(t *testing.T) {
	d, err := openapi.Read(written.Document)
	if err != nil {
		t.Fatal(err)
	}
	if p := property(t, d, "CheckConsentRequest", "channel"); *p.MinLength != 1 || *p.MaxLength != 64 {
		t.Errorf("channel: %+v", p)
	}
	if p := property(t, d, "SearchHistoryRequest", "pageSize"); *p.Minimum != 0 || *p.Maximum != 1000 {
		t.Errorf("pageSize: %+v", p)
	}
	if p := property(t, d, "BatchCheckConsentRequest", "addresses"); *p.MinItems != 1 || *p.MaxItems != 10_000 {
		t.Errorf("addresses: %+v", p)
	}
	if p := property(t, d, "GrantConsentRequest", "requestId"); p.Format != "uuid" {
		t.Errorf("requestId: %+v", p)
	}
	if p := property(t, d, "Decision", "position"); p.Type != "string" || p.Format != "int64" {
		t.Errorf("position: %+v", p)
	}
	if p := property(t, d, "Decision", "decidedTime"); p.Format != "date-time" {
		t.Errorf("decidedTime: %+v", p)
	}
	verdict := *d.Components.Schemas.Get("Verdict")
	if len(verdict.Enum) != 4 || *verdict.EnumDescriptions.Get("VERDICT_ALLOW") == "" {
		t.Errorf("Verdict: %+v", verdict)
	}
	if known := *d.Components.Schemas.Get("KnownAsOf"); len(known.OneOf) != 2 {
		t.Errorf("KnownAsOf: %+v", known)
	}
	rotate := *d.Components.Schemas.Get("RotateClientRequest")
	if rotate.Properties.Get("id") != nil || string(rotate.AdditionalProperties) != "false" {
		t.Errorf("RotateClientRequest: %+v", rotate)
	}
}

func TestDocument_TheFeedIsLines(t *testing.T) {
	d, err := openapi.Read(written.Document)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/v1/changes": "application/x-ndjson", "/v1/changes:watch": "text/event-stream", "/v1/suppressions:export": "application/x-ndjson",
	} {
		answer := d.Paths.Get(path).Get("get").Responses.Get("200")
		if len(answer.Content) != 1 || answer.Content[0].Name != want {
			t.Errorf("%s: got %+v, want %s", path, answer.Content, want)
		}
	}
}

func TestDocument_AnExportIsAFile(t *testing.T) {
	d, err := openapi.Read(written.Document)
	if err != nil {
		t.Fatal(err)
	}
	answer := d.Paths.Get("/v1/history:export").Get("post").Responses.Get("200")
	var got []string
	for _, media := range answer.Content {
		got = append(got, media.Name)
	}
	want := []string{"application/json", "text/csv", "text/html", "application/ld+json", "application/zip", "application/x-ndjson"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if answer.Headers.Get("Content-Disposition") == nil {
		t.Error("the answer does not name the file")
	}
}
