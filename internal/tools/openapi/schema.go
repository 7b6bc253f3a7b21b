package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/assent-io/assent/internal/openapi"
)

func reference(name protoreflect.Name) string { return "#/components/schemas/" + string(name) }

// message returns the schema of a message. Of an answer no field is left out, but those of a group of which one is given: a message that
// is not set is null. A request has no field that the message lacks.
func (d *describer) message(message *protogen.Message) *openapi.Schema {
	name := message.Desc.FullName()
	asked, answered := d.asked[name], d.answered[name]
	s := &openapi.Schema{Type: "object", Description: d.text(message.Comments.Leading)}
	for _, field := range message.Fields {
		if d.inPath[name] == field.Desc.Name() {
			continue
		}
		inGroup := field.Desc.ContainingOneof() != nil
		property := d.field(field)
		if answered && !inGroup && field.Message != nil && !field.Desc.IsList() {
			property = orNull(property)
		}
		s.Properties.Add(field.Desc.JSONName(), property)
		if isRequired(field.Desc) || (answered && !asked && !inGroup) {
			s.Required = append(s.Required, field.Desc.JSONName())
		}
	}
	if !answered {
		s.AdditionalProperties = json.RawMessage("false")
	}
	for _, group := range message.Oneofs {
		d.group(s, group, asked)
	}
	return s
}

// group adds what holds for fields of which one is given.
func (d *describer) group(s *openapi.Schema, group *protogen.Oneof, asked bool) {
	names := make([]string, len(group.Fields))
	for i, field := range group.Fields {
		names[i] = field.Desc.JSONName()
	}
	if list := strings.Join(names, ", "); asked && isRequiredGroup(group.Desc) {
		s.Description += fmt.Sprintf("\n\nExactly one of these fields is given: %s.", list)
		for _, name := range names {
			s.OneOf = append(s.OneOf, &openapi.Schema{Required: []string{name}})
		}
	} else if len(names) > 1 {
		s.Description += fmt.Sprintf("\n\nAt most one of these fields is given: %s.", list)
	}
}

// isRequired reports whether a request must have the field.
func isRequired(field protoreflect.FieldDescriptor) bool {
	behaviors, _ := proto.GetExtension(field.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
	for _, behavior := range behaviors {
		if behavior == annotations.FieldBehavior_REQUIRED {
			return true
		}
	}
	return rulesOf(field).GetRequired()
}

// field returns the schema of a field, with its text and its limits.
func (d *describer) field(field *protogen.Field) *openapi.Schema {
	text, rules := d.text(field.Comments.Leading), rulesOf(field.Desc)
	if field.Desc.IsList() {
		s := &openapi.Schema{Type: "array", Description: text, Items: d.value(field)}
		limitItems(s, rules.GetRepeated())
		return s
	}
	s := d.value(field)
	s.Description = text
	limit(s, rules)
	return s
}

// value returns the schema of one value of a field.
func (d *describer) value(field *protogen.Field) *openapi.Schema {
	switch field.Desc.Kind() {
	case protoreflect.BoolKind:
		return &openapi.Schema{Type: "boolean"}
	case protoreflect.StringKind:
		return &openapi.Schema{Type: "string"}
	case protoreflect.BytesKind:
		return &openapi.Schema{Type: "string", ContentEncoding: "base64"}
	case protoreflect.EnumKind:
		return &openapi.Schema{Ref: reference(field.Enum.Desc.Name())}
	case protoreflect.Int64Kind, protoreflect.Uint64Kind, protoreflect.Sint64Kind, protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		// JSON numbers are exact up to 2^53 only.
		return &openapi.Schema{Type: "string", Format: "int64", Pattern: "^-?[0-9]+$"}
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return &openapi.Schema{Type: "number"}
	case protoreflect.MessageKind, protoreflect.GroupKind:
		switch field.Message.Desc.FullName() {
		case "google.protobuf.Timestamp":
			return &openapi.Schema{Type: "string", Format: "date-time"}
		case "google.protobuf.Duration":
			return &openapi.Schema{Type: "string", Pattern: `^-?[0-9]+(\.[0-9]{1,9})?s$`}
		}
		return &openapi.Schema{Ref: reference(field.Message.Desc.Name())}
	default:
		return &openapi.Schema{Type: "integer", Format: "int32"}
	}
}

// orNull returns a schema that takes null besides.
func orNull(s *openapi.Schema) *openapi.Schema {
	if s.Ref == "" {
		s.Type = []string{"string", "null"}
		return s
	}
	return &openapi.Schema{Description: s.Description, AnyOf: []*openapi.Schema{{Ref: s.Ref}, {Type: "null"}}}
}

// enum returns the schema of an enum: its names, each with its text.
func (d *describer) enum(enum *protogen.Enum) *openapi.Schema {
	s := &openapi.Schema{Type: "string", Description: d.text(enum.Comments.Leading)}
	for _, value := range enum.Values {
		s.Enum = append(s.Enum, string(value.Desc.Name()))
		s.EnumDescriptions.Add(string(value.Desc.Name()), d.text(value.Comments.Leading))
	}
	return s
}
