package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"

	"github.com/assent-io/assent/internal/openapi"
)

// refusal is an answer to a call that was not carried out.
type refusal struct {
	status, name, text string
	code               int // of google.rpc.Code
	reason, message    string
	field              string // that is wrong; empty if the error is not about one
}

// refusalsByStatus returns the refusals that calls have, by status.
func refusalsByStatus() []refusal {
	return []refusal{
		{
			"400", "InvalidRequest", "The request is wrong, or what it asks for cannot be done as things stand. The reason says which.",
			3, "INVALID_REQUEST", "channel: value length must be at least 1 bytes", "channel",
		},
		{
			"401", "Unauthenticated", "The header Authorization is missing, or its key is none that holds.",
			16, "UNAUTHENTICATED", "the call needs an API key: Authorization: Bearer KEY", "",
		},
		{"403", "Forbidden", "The client may not do this (SCOPE_MISSING, OTHER_DEPARTMENT), or a web page of another site sent the request " +
			"(CROSS_SITE_REQUEST).", 7, "SCOPE_MISSING", "CheckConsent needs the scope check, which the client shop does not have", ""},
		{"404", "NotFound", "What the request names is not there.", 5, "CLIENT_NOT_FOUND", "there is no client shop", ""},
		{
			"408", "BodyTimeout", "No part of the body came for 30 seconds. Send the request again.",
			4, "REQUEST_TIMEOUT", "the server waited too long for the next part of the body; send the request again", "",
		},
		{
			"409", "Conflict", "Another request came before: the id of the request was used with another body (REQUEST_ID_REUSED), the name is " +
				"taken (CLIENT_EXISTS), or the version changed meanwhile (ETAG_MISMATCH).",
			6, "REQUEST_ID_REUSED", "the request id was used with another body", "requestId",
		},
		{
			"413", "TooLarge", "The body is larger than the call takes.",
			8, "TOO_LARGE", "the body is larger than the 4194304 bytes that this call takes", "",
		},
		{
			"429", "TooManyCalls", "The client has all the calls or memory under way that one client may have. Send the request again later.",
			8, "TOO_MANY_CALLS", "the client has too many calls under way", "",
		},
		{
			"503", "Unavailable", "The server cannot answer now: the database is away (STORE_UNAVAILABLE), the server is stopping " +
				"(SERVER_STOPPING), its clock is wrong (CLOCK_SKEW), or it lacks a key (KEY_MISSING). Send the request again, or to another server.",
			14, "STORE_UNAVAILABLE", "the database does not answer", "",
		},
		{
			"default", "Unexpected", "Any other error, in the same form: 404 NO_SUCH_PATH and 405 METHOD_NOT_ALLOWED for what the API does not " +
				"have, 421 HOST_NOT_ALLOWED for a host name that the server was not given, 500 INTERNAL, 504 DEADLINE_EXCEEDED.",
			13, "INTERNAL", "internal error; the log of the server has the details under the request id 0f9c2f0b", "",
		},
	}
}

// refusals returns the answers that operations refer to.
func refusals() openapi.Named[openapi.Response] {
	var all openapi.Named[openapi.Response]
	for _, r := range refusalsByStatus() {
		response := openapi.Response{Description: r.text, Headers: answerHeaders()}
		if r.status == "401" {
			response.Headers.Add("WWW-Authenticate", openapi.Header{
				Description: "How to say who calls.", Schema: &openapi.Schema{Type: "string", Const: `Bearer realm="assent"`},
			})
		}
		response.Content.Add(jsonMedia, openapi.Media{Schema: &openapi.Schema{Ref: reference("Error")}, Example: r.example()})
		all.Add(r.name, response)
	}
	return all
}

func (r refusal) example() json.RawMessage {
	metadata, violations := "", ""
	if r.field != "" {
		metadata = fmt.Sprintf(`%q: %q`, "field", r.field)
		if r.code == 3 {
			violations = fmt.Sprintf(`, {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [`+
				`{"field": %q, "description": %q, "reason": %q, "localizedMessage": null}]}`,
				r.field, strings.TrimPrefix(r.message, r.field+": "), r.reason)
		}
	}
	return json.RawMessage(fmt.Sprintf(`{"code": %d, "message": %q, "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", `+
		`"reason": %q, "domain": "assent.io", "metadata": {%s}}%s]}`, r.code, r.message, r.reason, metadata, violations))
}

// statusesOf returns the refusals that a call may have.
func statusesOf(method *protogen.Method, verb, text string) []refusal {
	has := map[string]bool{
		"400": true, "401": true, "403": true, "429": true, "503": true, "default": true,
		"404": strings.Contains(text, "NOT_FOUND"), "408": verb != "get", "413": verb != "get",
		"409": strings.Contains(text, "ALREADY_EXISTS") || strings.Contains(text, "ABORTED") ||
			method.Input.Desc.Fields().ByName("request_id") != nil,
	}
	var all []refusal
	for _, r := range refusalsByStatus() {
		if has[r.status] {
			all = append(all, r)
		}
	}
	return all
}

// errorSchemas returns the schemas of an error: a google.rpc.Status in JSON.
func errorSchemas() openapi.Named[*openapi.Schema] {
	text := func(text string) *openapi.Schema { return &openapi.Schema{Type: "string", Description: text} }
	detail := func(kind, text string, properties openapi.Named[*openapi.Schema]) *openapi.Schema {
		s := &openapi.Schema{Type: "object", Description: text, Required: []string{"@type"}}
		s.Properties.Add("@type", &openapi.Schema{Type: "string", Const: "type.googleapis.com/google.rpc." + kind})
		for _, p := range properties {
			s.Properties.Add(p.Name, p.Value)
			s.Required = append(s.Required, p.Name)
		}
		return s
	}
	violation := &openapi.Schema{Type: "object", Properties: openapi.Named[*openapi.Schema]{
		{Name: "field", Value: text("The field, by its name in JSON; empty: the whole.")},
		{Name: "description", Value: text("What is wrong with it.")},
		{Name: "reason", Value: text("The reason of the error.")},
		{Name: "localizedMessage", Value: &openapi.Schema{Type: []string{"object", "null"}, Description: "Not used."}},
	}}
	return openapi.Named[*openapi.Schema]{
		{Name: "Error", Value: &openapi.Schema{
			Type: "object", Description: "An error: a google.rpc.Status, as gRPC has it. No error holds an address.",
			Required: []string{"code", "message", "details"}, Properties: openapi.Named[*openapi.Schema]{
				{Name: "code", Value: &openapi.Schema{Type: "integer", Format: "int32", Description: "The code of gRPC (google.rpc.Code)."}},
				{Name: "message", Value: text("What is wrong, and what would be right, in English.")},
				{Name: "details", Value: &openapi.Schema{
					Type: "array", Description: "An ErrorInfo first; of a wrong request a BadRequest; of a fault of the server a RequestInfo; of TOO_MANY_CALLS a RetryInfo.",
					Items: &openapi.Schema{AnyOf: []*openapi.Schema{
						{Ref: reference("ErrorInfo")}, {Ref: reference("BadRequest")}, {Ref: reference("RequestInfo")}, {Ref: reference("RetryInfo")},
					}},
				}},
			},
		}},
		{Name: "ErrorInfo", Value: detail("ErrorInfo", "The reason of an error, for programs.", openapi.Named[*openapi.Schema]{
			{Name: "reason", Value: text("The reason, of a closed list that the documentation has.")},
			{Name: "domain", Value: &openapi.Schema{Type: "string", Const: "assent.io"}},
			{Name: "metadata", Value: &openapi.Schema{
				Type: "object", Description: "The field that the error is about, under the name field.",
				AdditionalProperties: json.RawMessage(`{"type":"string"}`),
			}},
		})},
		{Name: "BadRequest", Value: detail("BadRequest", "What is wrong with a request, by field.", openapi.Named[*openapi.Schema]{
			{Name: "fieldViolations", Value: &openapi.Schema{Type: "array", Items: violation}},
		})},
		{Name: "RequestInfo", Value: detail("RequestInfo", "Under which id the log of the server says more.", openapi.Named[*openapi.Schema]{
			{Name: "requestId", Value: text("The id of the request.")},
		})},
		{Name: "RetryInfo", Value: detail("RetryInfo", "After what time the request may be sent again.", openapi.Named[*openapi.Schema]{
			{Name: "retryDelay", Value: &openapi.Schema{Type: "string", Pattern: `^-?[0-9]+(\.[0-9]{1,9})?s$`}},
		})},
	}
}
