// Package openapi holds the parts of an OpenAPI 3.1 document that describe this API, with the JSON they are written in. Lists of named
// parts keep their order, so that a document reads as the protos do and is written the same each time. [ReadCalls] reads the page of the
// documentation with every call and its answer, from which the document has its examples.
//
// The document itself is made by internal/tools/openapi and stands in api/openapi.
package openapi

import (
	"bytes"
	"encoding/json"
)

// Document is an OpenAPI document.
type Document struct {
	OpenAPI    string                  `json:"openapi"`
	Info       Info                    `json:"info"`
	Servers    []Server                `json:"servers"`
	Security   []Security              `json:"security"`
	Tags       []Tag                   `json:"tags"`
	Paths      Named[Named[Operation]] `json:"paths"` // by path, then by HTTP method in lower case
	Components Components              `json:"components"`
}

// Info says what the API is.
type Info struct {
	Title       string  `json:"title"`
	Version     string  `json:"version"`
	Summary     string  `json:"summary"`
	Description string  `json:"description"`
	License     License `json:"license"`
}

// License is that of the program.
type License struct {
	Name       string `json:"name"`
	Identifier string `json:"identifier"`
}

// Server is where the API is reached.
type Server struct {
	URL         string          `json:"url"`
	Description string          `json:"description"`
	Variables   Named[Variable] `json:"variables,omitempty"`
}

// Variable is a part of the URL of a server.
type Variable struct {
	Default     string   `json:"default"`
	Description string   `json:"description"`
	Enum        []string `json:"enum,omitempty"`
}

// Security names the schemes of which a caller needs all; one without any needs none.
type Security map[string][]string

// Tag is a group of operations.
type Tag struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// Operation is a call.
type Operation struct {
	OperationID string          `json:"operationId"`
	Tags        []string        `json:"tags"`
	Summary     string          `json:"summary"`
	Description string          `json:"description,omitempty"`
	Security    *[]Security     `json:"security,omitempty"`
	Parameters  []Parameter     `json:"parameters,omitempty"`
	RequestBody *Body           `json:"requestBody,omitempty"`
	Responses   Named[Response] `json:"responses"` // by status, or default
}

// Parameter is one in the path, the query or the headers.
type Parameter struct {
	Ref         string          `json:"$ref,omitempty"`
	Name        string          `json:"name,omitempty"`
	In          string          `json:"in,omitempty"`
	Description string          `json:"description,omitempty"`
	Required    bool            `json:"required,omitempty"`
	Schema      *Schema         `json:"schema,omitempty"`
	Example     json.RawMessage `json:"example,omitempty"`
}

// Body is that of a request.
type Body struct {
	Description string       `json:"description,omitempty"`
	Required    bool         `json:"required"`
	Content     Named[Media] `json:"content"` // by media type
}

// Response is an answer.
type Response struct {
	Ref         string        `json:"$ref,omitempty"`
	Description string        `json:"description,omitempty"`
	Headers     Named[Header] `json:"headers,omitempty"`
	Content     Named[Media]  `json:"content,omitempty"` // by media type
}

// Header is one of an answer.
type Header struct {
	Description string  `json:"description"`
	Schema      *Schema `json:"schema"`
}

// Media is a body in one media type. An example is JSON, or a JSON string with a text.
type Media struct {
	Schema  *Schema         `json:"schema,omitempty"`
	Example json.RawMessage `json:"example,omitempty"`
}

// Components are the parts that operations refer to.
type Components struct {
	SecuritySchemes Named[SecurityScheme] `json:"securitySchemes"`
	Parameters      Named[Parameter]      `json:"parameters,omitempty"`
	Responses       Named[Response]       `json:"responses"`
	Schemas         Named[*Schema]        `json:"schemas"`
}

// SecurityScheme is a way to say who calls.
type SecurityScheme struct {
	Type        string `json:"type"`
	Scheme      string `json:"scheme"`
	Description string `json:"description"`
}

// Schema describes a value. Type is a string, or a list of strings.
type Schema struct {
	Ref                  string          `json:"$ref,omitempty"`
	Description          string          `json:"description,omitempty"`
	Type                 any             `json:"type,omitempty"`
	Format               string          `json:"format,omitempty"`
	ContentEncoding      string          `json:"contentEncoding,omitempty"`
	Pattern              string          `json:"pattern,omitempty"`
	MinLength            *uint64         `json:"minLength,omitempty"`
	MaxLength            *uint64         `json:"maxLength,omitempty"`
	Minimum              *int64          `json:"minimum,omitempty"`
	Maximum              *int64          `json:"maximum,omitempty"`
	MinItems             *uint64         `json:"minItems,omitempty"`
	MaxItems             *uint64         `json:"maxItems,omitempty"`
	Const                string          `json:"const,omitempty"`
	Enum                 []string        `json:"enum,omitempty"`
	EnumDescriptions     Named[string]   `json:"x-enumDescriptions,omitempty"`
	Items                *Schema         `json:"items,omitempty"`
	Properties           Named[*Schema]  `json:"properties,omitempty"`
	Required             []string        `json:"required,omitempty"`
	AdditionalProperties json.RawMessage `json:"additionalProperties,omitempty"`
	AnyOf                []*Schema       `json:"anyOf,omitempty"`
	OneOf                []*Schema       `json:"oneOf,omitempty"`
}

// Write returns the document as JSON that people can read and compare line by line.
func (d *Document) Write() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(d); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Read returns the document that Write wrote.
func Read(text []byte) (*Document, error) {
	var d Document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, err
	}
	return &d, nil
}
