package main

import (
	"encoding/json"
	"slices"

	"github.com/assent-io/assent/internal/openapi"
)

// bearer is the name of the security scheme.
const bearer = "bearer"

const (
	textMedia     = "text/plain"
	serverTagName = "Server"
)

func about() openapi.Info {
	return openapi.Info{
		Title: "Assent", Version: "v1", Summary: "Who may be written to, why, and how it is known.",
		Description: "Assent answers one question, with proof: may this address be contacted on this channel, under this sender identity, " +
			"now? A refusal is an answer (`VERDICT_DENY`, with its reason) and never an error.\n\n" +
			"Bodies are proto3 JSON in lowerCamelCase. A field or parameter that a call does not have is refused. Numbers of 64 bits are " +
			"strings; the server takes them as numbers, too. An answer leaves no field out, but those of a group of which only one is given. Every path that has GET has HEAD.\n\n" +
			"Every error has one form, the schema Error. Its first detail is an ErrorInfo with a reason for programs.\n\n" +
			"The same calls, and StreamCheckConsent for long lists, are there over gRPC: `/assent.fds` describes them.",
		License: openapi.License{Name: "Apache License 2.0", Identifier: "Apache-2.0"},
	}
}

func servers() []openapi.Server {
	return []openapi.Server{{
		URL: "{scheme}://{host}", Description: "The server of this document, by default the one on this machine.",
		Variables: openapi.Named[openapi.Variable]{
			{Name: "scheme", Value: openapi.Variable{
				Default: "http", Description: "https where the server has a certificate.",
				Enum: []string{"http", "https"},
			}},
			{Name: "host", Value: openapi.Variable{Default: "127.0.0.1:8080", Description: "Host and port of the server."}},
		},
	}}
}

func securitySchemes() openapi.Named[openapi.SecurityScheme] {
	return openapi.Named[openapi.SecurityScheme]{{Name: bearer, Value: openapi.SecurityScheme{
		Type: "http", Scheme: "bearer",
		Description: "The API key of a client, which `assent clients create` gives. A demo needs none.",
	}}}
}

// headers returns the headers that every call takes.
func headers() openapi.Named[openapi.Parameter] {
	return openapi.Named[openapi.Parameter]{
		{Name: "AcceptLanguage", Value: openapi.Parameter{
			Name: "Accept-Language", In: "header", Description: "The language of explanations and files: English, or German.",
			Schema: &openapi.Schema{Type: "string"}, Example: quote("de"),
		}},
		{Name: "RequestID", Value: openapi.Parameter{
			Name: "X-Request-Id", In: "header", Schema: &openapi.Schema{Type: "string"}, Example: quote("order-4711"),
			Description: "Under which id the server logs the call; unset: it makes one.",
		}},
	}
}

// answerHeaders returns the headers of every answer to a call.
func answerHeaders() openapi.Named[openapi.Header] {
	return openapi.Named[openapi.Header]{{Name: "X-Request-Id", Value: openapi.Header{
		Description: "Under which id the server logged the call, where it came so far.", Schema: &openapi.Schema{Type: "string"},
	}}}
}

func serverTag() openapi.Tag {
	return openapi.Tag{
		Name: serverTagName, Description: "Pages of the server itself: the descriptions of the API, for load balancers and for those who run it.",
	}
}

// serverRoute is a path that a server has besides the calls.
type serverRoute struct {
	path      string
	operation openapi.Operation
}

// open makes an operation that needs no key.
func open(id, summary, text string, answer openapi.Response) openapi.Operation {
	o := openapi.Operation{
		OperationID: id, Tags: []string{serverTagName}, Summary: summary, Description: text, Security: &[]openapi.Security{},
	}
	o.Responses.Add("200", answer)
	o.Responses.Add("403", openapi.Response{Ref: "#/components/responses/Forbidden"})
	o.Responses.Add("default", openapi.Response{Ref: "#/components/responses/Unexpected"})
	return o
}

func answerOf(text, media string, schema *openapi.Schema, example json.RawMessage) openapi.Response {
	r := openapi.Response{Description: text}
	r.Content.Add(media, openapi.Media{Schema: schema, Example: example})
	return r
}

// serverRoutes returns the paths besides the calls.
func serverRoutes() []serverRoute {
	str := func() *openapi.Schema { return &openapi.Schema{Type: "string"} }
	binary := &openapi.Schema{Type: "string", Format: "binary"}
	ready := open("getReadiness", "Says whether the server can answer", "For load balancers: it is answered for any host name.",
		answerOf("The server can answer.", textMedia, str(), quote("ready\n")))
	notReady := answerOf("The server cannot answer now.", textMedia, str(), quote("not ready\n"))
	ready.Responses = slices.Insert(ready.Responses, 2, openapi.Member[openapi.Response]{Name: "503", Value: notReady})
	metrics := open("getMetrics", "Returns the figures of the server, for Prometheus",
		"Needs the scope metrics. The client has to be one of all departments.",
		answerOf("The figures, in the text form of Prometheus or, where it is asked for, of OpenMetrics.", textMedia, str(),
			quote("# TYPE assent_build_info gauge\nassent_build_info{goversion=\"go1.26.8\",version=\"v1.0.0\"} 1\n")))
	metrics.Security = nil
	metrics.Responses = slices.Insert(metrics.Responses, 1,
		openapi.Member[openapi.Response]{Name: "401", Value: openapi.Response{Ref: "#/components/responses/Unauthenticated"}})
	return []serverRoute{
		{"/openapi.json", open("getOpenAPI", "Returns this document", "",
			answerOf("This document.", jsonMedia, &openapi.Schema{Type: "object"}, json.RawMessage(`{"openapi": "3.1.0"}`)))},
		{"/assent.fds", open("getDescriptors", "Returns the descriptors of the gRPC API", "A google.protobuf.FileDescriptorSet with all imports.",
			answerOf("The descriptors.", "application/x-protobuf", binary, quote("…")))},
		{"/healthz", open("getLiveness", "Says that the process lives", "For load balancers: it is answered for any host name.",
			answerOf("The process lives.", textMedia, str(), quote("ok\n")))},
		{"/readyz", ready},
		{"/metrics", metrics},
	}
}
