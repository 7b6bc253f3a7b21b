package home

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/assent-io/assent/internal/openapi"
)

// reference fills the page of the reference.
type reference struct {
	Title, Description string
	Groups             []group
	Schemas            []schema
}

// group is the calls of a tag.
type group struct {
	Name, Description string
	Calls             []call
}

// call is a call of the API.
type call struct {
	ID, Verb, Path, Summary, Description string
	Open                                 bool
	Parameters                           []field
	Body                                 kind
	Request                              string // an example
	Answers                              []answer
}

// answer is an answer to a call, in one media type.
type answer struct {
	Status, Description, Media string
	Type                       kind
	Example                    string
}

// field is a parameter, or a field of a schema.
type field struct {
	Name, Where, Description, Limits string
	Type                             kind
	Required                         bool
}

// kind is a type; Schema is the name of the schema that it stands for, and empty if it stands for none.
type kind struct{ Text, Schema string }

// schema is a message, an enum or an error.
type schema struct {
	Name, Description string
	Fields            []field
	Values            []field
}

const (
	schemaRef   = "#/components/schemas/"
	responseRef = "#/components/responses/"
)

// readReference describes the calls and messages of the OpenAPI document.
func readReference(document []byte) (*reference, error) {
	d, err := openapi.Read(document)
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	r := &reference{Title: d.Info.Title, Description: d.Info.Description}
	for _, tag := range d.Tags {
		g := group{Name: tag.Name, Description: tag.Description}
		for _, path := range d.Paths {
			for _, verb := range path.Value {
				if operation := verb.Value; operation.Tags[0] == tag.Name {
					g.Calls = append(g.Calls, newCall(d, strings.ToUpper(verb.Name), path.Name, &operation))
				}
			}
		}
		r.Groups = append(r.Groups, g)
	}
	for _, member := range d.Components.Schemas {
		r.Schemas = append(r.Schemas, newSchema(member.Name, member.Value))
	}
	return r, nil
}

func newCall(d *openapi.Document, verb, path string, o *openapi.Operation) call {
	c := call{
		ID: o.OperationID, Verb: verb, Path: path, Summary: o.Summary, Open: o.Security != nil,
		Description: strings.TrimPrefix(strings.TrimPrefix(o.Description, o.Summary), "."),
	}
	for _, p := range o.Parameters {
		if p.Ref == "" {
			c.Parameters = append(c.Parameters, field{
				Name: p.Name, Where: p.In, Description: p.Description, Required: p.Required, Type: kindOf(p.Schema), Limits: limits(p.Schema),
			})
		}
	}
	if o.RequestBody != nil {
		media := o.RequestBody.Content[0].Value
		c.Body, c.Request = kindOf(media.Schema), indent(media.Example)
	}
	for _, member := range o.Responses {
		response, shared := member.Value, false
		if name, ok := strings.CutPrefix(response.Ref, responseRef); ok {
			response, shared = *d.Components.Responses.Get(name), true
		}
		a := answer{Status: member.Name, Description: response.Description}
		for i, content := range response.Content {
			if i > 0 {
				a.Media += ", "
			}
			a.Media += content.Name
			if i == 0 {
				a.Type = kindOf(content.Value.Schema)
				if !shared {
					a.Example = indent(content.Value.Example)
				}
			}
		}
		c.Answers = append(c.Answers, a)
	}
	return c
}

func newSchema(name string, s *openapi.Schema) schema {
	out := schema{Name: name, Description: s.Description}
	required := map[string]bool{}
	for _, field := range s.Required {
		// Of an answer all fields are there, which is not worth a word at each.
		required[field] = s.AdditionalProperties != nil || len(s.Required) < len(s.Properties)
	}
	for _, p := range s.Properties {
		out.Fields = append(out.Fields, field{
			Name: p.Name, Description: p.Value.Description, Required: required[p.Name], Type: kindOf(p.Value), Limits: limits(p.Value),
		})
	}
	for _, value := range s.EnumDescriptions {
		out.Values = append(out.Values, field{Name: value.Name, Description: value.Value})
	}
	return out
}

// kindOf returns the type of a schema.
func kindOf(s *openapi.Schema) kind {
	switch {
	case s == nil:
		return kind{}
	case s.Ref != "":
		name := strings.TrimPrefix(s.Ref, schemaRef)
		return kind{Text: name, Schema: name}
	case len(s.AnyOf) > 0:
		return kindOf(s.AnyOf[0])
	case s.Items != nil:
		of := kindOf(s.Items)
		return kind{Text: "list of " + of.Text, Schema: of.Schema}
	case s.Format != "":
		return kind{Text: s.Format}
	case s.ContentEncoding != "":
		return kind{Text: "bytes, " + s.ContentEncoding}
	default:
		text, _ := s.Type.(string)
		return kind{Text: text}
	}
}

// limits returns the limits of a value that its text does not say.
func limits(s *openapi.Schema) string {
	var all []string
	if s.Minimum != nil && s.Maximum != nil {
		all = append(all, fmt.Sprintf("%d to %d", *s.Minimum, *s.Maximum))
	}
	if s.MinItems != nil && s.MaxItems != nil {
		all = append(all, fmt.Sprintf("%d to %d of them", *s.MinItems, *s.MaxItems))
	} else if s.MaxItems != nil {
		all = append(all, fmt.Sprintf("at most %d of them", *s.MaxItems))
	}
	values := s.Enum
	if s.Items != nil {
		values = s.Items.Enum
	}
	var named []string
	for _, value := range values {
		if value != "" {
			named = append(named, value)
		}
	}
	if len(named) > 0 {
		all = append(all, "one of "+strings.Join(named, ", "))
	}
	return strings.Join(all, "; ")
}

// indent returns an example as people read it: JSON on several lines, and a text as it is.
func indent(example json.RawMessage) string {
	var text string
	if json.Unmarshal(example, &text) == nil {
		return text
	}
	var out bytes.Buffer
	if json.Indent(&out, example, "", "  ") != nil {
		return string(example)
	}
	return out.String()
}
