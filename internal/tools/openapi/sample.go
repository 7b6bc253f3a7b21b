package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"

	"github.com/assent-io/assent/internal/openapi"
)

// maxSample is how deeply examples nest.
const maxSample = 6

// sample returns an example of a message that no page shows: the first of what each required field may be.
func (d *describer) sample(message *protogen.Message, depth int) json.RawMessage {
	schema := d.message(message)
	var out bytes.Buffer
	out.WriteByte('{')
	for _, field := range message.Fields {
		name := field.Desc.JSONName()
		wanted := slices.Contains(schema.Required, name)
		if len(schema.OneOf) > 0 && schema.OneOf[0].Required[0] == name {
			wanted = true
		}
		if !wanted || depth > maxSample {
			continue
		}
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		out.Write(quote(name))
		out.WriteByte(':')
		out.Write(d.sampleField(field, depth))
	}
	out.WriteByte('}')
	return out.Bytes()
}

func (d *describer) sampleField(field *protogen.Field, depth int) json.RawMessage {
	value := d.sampleValue(field, depth)
	if field.Desc.IsList() {
		return append(append([]byte{'['}, value...), ']')
	}
	return value
}

func (d *describer) sampleValue(field *protogen.Field, depth int) json.RawMessage {
	s := d.value(field)
	limit(s, rulesOf(field.Desc))
	switch {
	case field.Enum != nil:
		return quote(string(field.Enum.Values[min(1, len(field.Enum.Values)-1)].Desc.Name()))
	case s.Ref != "":
		return d.sample(field.Message, depth+1)
	case s.Format == "date-time":
		return quote("2026-12-01T09:00:00Z")
	case s.Format == "int64":
		return quote("1")
	case s.Format == "uuid":
		return quote("7c9e6679-7425-40de-944b-e07fc1f90ae7")
	case s.ContentEncoding != "":
		return quote("AAAA")
	case s.Type == "boolean":
		return json.RawMessage("false")
	case s.Type == "integer", s.Type == "number":
		return json.RawMessage("1")
	case strings.HasPrefix(s.Pattern, "^-?[0-9]+("):
		return quote("5s")
	default:
		return sampleText(field.Desc.JSONName(), s)
	}
}

// sampleText returns a text that fits the name of its field.
func sampleText(name string, s *openapi.Schema) json.RawMessage {
	switch {
	case len(s.Enum) > 0:
		return quote(s.Enum[len(s.Enum)-1])
	case strings.Contains(strings.ToLower(name), "address"):
		return quote("anna@example.com")
	case strings.HasPrefix(name, "channel"):
		return quote("newsletter")
	default:
		return quote(name)
	}
}
