package terminal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// PlainJSON writes a message as --format json does: with the fields of REST, in which positions and other whole numbers are
// numbers, and words are those of flags and files, such as ALLOW and consent.
func PlainJSON(m proto.Message) ([]byte, error) {
	data, err := protojson.MarshalOptions{EmitUnpopulated: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("the answer cannot be written as JSON: %w", err)
	}
	p := plainWriter{from: json.NewDecoder(bytes.NewReader(data))}
	p.from.UseNumber()
	if err := p.value(nil, m.ProtoReflect().Descriptor()); err != nil {
		return nil, fmt.Errorf("the answer cannot be written as JSON: %w", err)
	}
	return p.to.Bytes(), nil
}

// plainWriter rewrites the JSON of a message, in the order that it has.
type plainWriter struct {
	from *json.Decoder
	to   bytes.Buffer
}

// value rewrites the next value. Field is where it stands, message what an object there is; each is nil where there is none.
func (p *plainWriter) value(field protoreflect.FieldDescriptor, message protoreflect.MessageDescriptor) error {
	token, err := p.from.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case json.Delim:
		return p.inner(token, field, message)
	case string:
		return p.text(token, field)
	default:
		return p.encode(token)
	}
}

// inner rewrites an object or a list after its opening sign.
func (p *plainWriter) inner(open json.Delim, field protoreflect.FieldDescriptor, message protoreflect.MessageDescriptor) error {
	p.to.WriteString(open.String())
	for n := 0; p.from.More(); n++ {
		if n > 0 {
			p.to.WriteByte(',')
		}
		at, of := field, message
		if open == '{' {
			key, err := p.from.Token()
			if err != nil {
				return err
			}
			if err := p.encode(key); err != nil {
				return err
			}
			p.to.WriteByte(':')
			at, of = member(message, fmt.Sprint(key))
		}
		if err := p.value(at, of); err != nil {
			return err
		}
	}
	end, err := p.from.Token()
	if err == nil {
		_, err = fmt.Fprint(&p.to, end)
	}
	return err
}

// member returns the field of an object with the name in JSON, and the message that it holds.
func member(message protoreflect.MessageDescriptor, name string) (protoreflect.FieldDescriptor, protoreflect.MessageDescriptor) {
	if message == nil {
		return nil, nil
	}
	field := message.Fields().ByJSONName(name)
	if field == nil {
		return nil, nil
	}
	return field, field.Message()
}

func (p *plainWriter) text(text string, field protoreflect.FieldDescriptor) error {
	if field != nil {
		switch field.Kind() {
		case protoreflect.Int64Kind, protoreflect.Uint64Kind:
			return p.encode(json.Number(text))
		case protoreflect.EnumKind:
			return p.encode(enumWord(field.Enum(), text))
		default:
		}
	}
	return p.encode(text)
}

func (p *plainWriter) encode(value any) error {
	encoder := json.NewEncoder(&p.to)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	p.to.Truncate(p.to.Len() - 1) // Encode ends a line.
	return err
}

// enumWord returns the word of flags and files for a value of an enum, nothing for the unspecified one: the name without that of
// the enum before it, in lower case where flags and files have it so.
func enumWord(enum protoreflect.EnumDescriptor, name string) string {
	var prefix strings.Builder
	for i, r := range string(enum.Name()) {
		if i > 0 && unicode.IsUpper(r) {
			prefix.WriteByte('_')
		}
		prefix.WriteRune(unicode.ToUpper(r))
	}
	word := strings.TrimPrefix(name, prefix.String()+"_")
	switch {
	case word == "UNSPECIFIED":
		return ""
	case enum.FullName() == assentv1.LegalBasis(0).Descriptor().FullName(), enum.FullName() == assentv1.About(0).Descriptor().FullName():
		return strings.ToLower(word)
	default:
		return word
	}
}
