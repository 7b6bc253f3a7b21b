package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"

	"github.com/assent-io/assent/internal/openapi"
)

const jsonMedia = "application/json"

// operation returns the description of a call.
func (d *describer) operation(method *protogen.Method, verb, path string) openapi.Operation {
	text, name := d.text(method.Comments.Leading), string(method.Desc.Name())
	call := openapi.CallOf(name, d.calls)
	o := openapi.Operation{
		OperationID: strings.ToLower(name[:1]) + name[1:], Tags: []string{tagOf(method.Parent)}, Summary: firstSentence(text),
		Description: text + d.accessText(name),
	}
	o.Parameters = d.parameters(method, verb, path, call)
	if verb != "get" {
		media := openapi.Media{Schema: &openapi.Schema{Ref: reference(method.Input.Desc.Name())}}
		media.Example = d.sample(method.Input, 0)
		if call != nil && call.Body != "" {
			media.Example = json.RawMessage(call.Body)
		}
		o.RequestBody = &openapi.Body{Required: true, Content: openapi.Named[openapi.Media]{{Name: jsonMedia, Value: media}}}
	}
	o.Responses.Add("200", d.success(method, call))
	for _, refusal := range statusesOf(method, verb, text) {
		o.Responses.Add(refusal.status, openapi.Response{Ref: "#/components/responses/" + refusal.name})
	}
	return o
}

// accessText says who may make a call.
func (d *describer) accessText(name string) string {
	row, ok := d.access[name]
	if !ok {
		return ""
	}
	reach := map[string]string{
		"own": "A client of one department reaches what is that department's.",
		"any": "Clients of one department reach the same as all others.",
		"all": "The client has to be one of all departments.",
	}
	return fmt.Sprintf("\n\nNeeds the scope %s. %s", row.Scopes, reach[row.Reach])
}

// parameters returns those of the path and the query, and the headers that every call takes.
func (d *describer) parameters(method *protogen.Method, verb, path string, call *openapi.Call) []openapi.Parameter {
	var all []openapi.Parameter
	shown := examplesOf(path, call)
	for _, field := range method.Input.Fields {
		inPath := d.inPath[method.Input.Desc.FullName()] == field.Desc.Name()
		if !inPath && verb != "get" {
			continue
		}
		schema := d.field(field)
		p := openapi.Parameter{Name: field.Desc.JSONName(), In: "query", Description: schema.Description, Schema: schema}
		schema.Description = ""
		if inPath {
			p.In = "path"
		}
		p.Required = inPath || isRequired(field.Desc)
		if p.Example = shown[p.Name]; p.Example == nil && p.Required {
			p.Example = d.sampleField(field, 0)
		} else if p.Example != nil && field.Desc.IsList() {
			p.Example = slices.Concat(json.RawMessage("["), p.Example, json.RawMessage("]")) // A list of one, as the URL has it.
		}
		all = append(all, p)
	}
	for _, header := range headers() {
		all = append(all, openapi.Parameter{Ref: "#/components/parameters/" + header.Name})
	}
	return all
}

// examplesOf returns the values of the parameters in the URL of a call, as JSON, by name.
func examplesOf(path string, call *openapi.Call) map[string]json.RawMessage {
	shown := map[string]json.RawMessage{}
	if call == nil {
		return shown
	}
	at, query, _ := strings.Cut(call.Path, "?")
	pattern := regexp.MustCompile(`\\\{(\w+)\\\}`).ReplaceAllString(regexp.QuoteMeta(path), `(?P<$1>[^/]*)`)
	compiled := regexp.MustCompile("^" + pattern + "$")
	if found := compiled.FindStringSubmatch(at); found != nil {
		for i, name := range compiled.SubexpNames()[1:] {
			if !strings.HasPrefix(found[i+1], "$") { // A variable of the shell is no value.
				shown[name] = quote(found[i+1])
			}
		}
	}
	values, _ := url.ParseQuery(query) // The test of the page runs the command.
	for name := range values {
		value := values.Get(name)
		shown[name] = quote(value)
		if name == "pageSize" {
			shown[name] = json.RawMessage(value)
		}
	}
	return shown
}

func quote(text string) json.RawMessage {
	quoted, _ := json.Marshal(text) // A string always has a form in JSON.
	return quoted
}

// success returns the answer to a call that did what was asked.
func (d *describer) success(method *protogen.Method, call *openapi.Call) openapi.Response {
	r := openapi.Response{Headers: answerHeaders()}
	if isFile(method) {
		r.Description = "The file."
		r.Headers.Add("Content-Disposition", openapi.Header{
			Description: "The name of the file, which holds no address.", Schema: &openapi.Schema{Type: "string"},
		})
		r.Content = d.files(string(method.Desc.Name()))
		return r
	}
	if media := linesOf(method); media != "" {
		example := ""
		if call != nil {
			example = call.Answer + "\n"
		}
		r.Description = d.text(method.Output.Comments.Leading)
		r.Content.Add(media, openapi.Media{Schema: &openapi.Schema{Type: "string"}, Example: quote(example)})
		return r
	}
	schema := &openapi.Schema{Ref: reference(method.Output.Desc.Name())}
	sample := d.sample(method.Output, 0)
	if call != nil && call.Language == "json" && !refused(call.Answer) {
		sample = json.RawMessage(call.Answer)
	}
	r.Description = d.text(method.Output.Comments.Leading)
	if method.Desc.IsStreamingServer() {
		r.Description += "\n\nOne JSON object on a line for each part of the answer."
		schema = &openapi.Schema{
			Type: "object", Properties: openapi.Named[*openapi.Schema]{
				{Name: "result", Value: schema}, {Name: "error", Value: &openapi.Schema{Ref: reference("Error")}},
			},
		}
		if call == nil {
			sample = slices.Concat([]byte(`{"result":`), sample, []byte("}"))
		}
	}
	r.Content.Add(jsonMedia, openapi.Media{Schema: schema, Example: sample})
	return r
}

// refused reports whether an answer of the page is an error: where a call needs what only another interface can give, the page shows that.
func refused(answer string) bool {
	var got struct{ Code int }
	return json.Unmarshal([]byte(answer), &got) == nil && got.Code != 0
}

// linesOf returns the type of an answer that over REST is lines: of the change feed. It is empty for any other.
func linesOf(method *protogen.Method) string {
	switch {
	case method.Parent.Desc.Name() != "FeedService":
		return ""
	case method.Desc.Name() == "WatchChanges":
		return "text/event-stream"
	default:
		return "application/x-ndjson"
	}
}

// isFile reports whether the answer over REST is a file: its parts have data and the type of the whole.
func isFile(method *protogen.Method) bool {
	fields := method.Output.Desc.Fields()
	return method.Desc.IsStreamingServer() && fields.ByName("data") != nil && fields.ByName("content_type") != nil
}

// files returns the forms of an export: those that the page shows as it shows them, of the others how they begin.
func (d *describer) files(name string) openapi.Named[openapi.Media] {
	text := func(example string) openapi.Media {
		return openapi.Media{Schema: &openapi.Schema{Type: "string"}, Example: quote(example)}
	}
	object := func(example string) openapi.Media {
		return openapi.Media{Schema: &openapi.Schema{Type: "object"}, Example: json.RawMessage(example)}
	}
	shown := map[string]string{"csv": "position,recorded_time,occurred_time,kind,summary\n", "text": "{\"checkpoint\": \"…\"}\n"}
	for i := range d.calls {
		if call := &d.calls[i]; call.Name == name && shown[call.Language] != "" {
			shown[call.Language] = call.Answer + "\n"
		}
	}
	return openapi.Named[openapi.Media]{
		{Name: jsonMedia, Value: object(`{"format": "assent-dossier/1", "language": "en", "subject": {"address": "anna@example.com", ` +
			`"exactForm": "anna@example.com", "status": "known", "addressHeld": true, "otherSpellingHeld": false}}`)},
		{Name: "text/csv", Value: text(shown["csv"])},
		{Name: "text/html", Value: text("<!DOCTYPE html>\n<html lang=\"en\">\n…")},
		{Name: "application/ld+json", Value: object(`{"@context": {"dpv": "https://w3id.org/dpv#"}, "@graph": [` +
			`{"@id": "_:person", "@type": "dpv:DataSubject", "dct:identifier": "anna@example.com"}]}`)},
		{Name: "application/zip", Value: openapi.Media{
			Schema: &openapi.Schema{Type: "string", Format: "binary"}, Example: quote("PK…"),
		}},
		{Name: "application/x-ndjson", Value: text(shown["text"])},
	}
}
