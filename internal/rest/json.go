package rest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/assent-io/assent/internal/nearest"
	"github.com/assent-io/assent/internal/rpc/contract"
	"github.com/assent-io/assent/internal/rpc/handler"
)

// bodyProblem begins every text about a body.
const bodyProblem = "the body is not valid"

// The library that decodes a body says in its errors what was sent, which may be an address, takes the long names of enums only, and
// times that are not in the format of RFC 3339. So a body that it refuses, or that may hold a time, is read once more
// beside the descriptor of its message: that finds the first problem, and where short names stand.

// The required forms of strings in a body.
var (
	durationText = regexp.MustCompile(`^-?[0-9]+(\.[0-9]{1,9})?s$`)
	fieldName    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)
)

// bodyReader reads the JSON of a body that is to be a message.
type bodyReader struct {
	text  []byte
	from  *json.Decoder
	start int // where the token begins that was read last
	words []shortName
}

// shortName is where the short name of a value of an enum stands in a body.
type shortName struct {
	start, end int
	number     protoreflect.EnumNumber
}

// bodyError is the first problem of a body.
type bodyError struct {
	at      int // in bytes from the beginning
	problem string
}

func (e *bodyError) Error() string { return e.problem }

// readBody returns the short names of enums in a body that is to be such a message. The error says what is wrong with it, and where; it
// repeats nothing that was sent but names of fields.
func readBody(text []byte, message protoreflect.MessageDescriptor) ([]shortName, error) {
	r := &bodyReader{text: text, from: json.NewDecoder(bytes.NewReader(text))}
	r.from.UseNumber()
	err := r.whole(message)
	var wrong *bodyError
	if errors.As(err, &wrong) {
		before := text[:wrong.at]
		line := bytes.LastIndexByte(before, '\n') + 1
		return nil, fmt.Errorf("%s at line %d, column %d: %s", bodyProblem,
			bytes.Count(before, []byte{'\n'})+1, utf8.RuneCount(before[line:])+1, wrong.problem)
	}
	return r.words, err
}

// withNumbers returns the body with the number of a value in place of each short name. A number is shorter than a name with its quotes, so
// everything else stays where it was.
func withNumbers(text []byte, words []shortName) []byte {
	text = bytes.Clone(text)
	for _, w := range words {
		copy(text[w.start:w.end], fmt.Sprintf("%-*d", w.end-w.start, w.number))
	}
	return text
}

// wrong returns an error about the token that was read last.
func (r *bodyReader) wrong(format string, args ...any) error {
	return &bodyError{at: r.start, problem: fmt.Sprintf(format, args...)}
}

func (r *bodyReader) whole(message protoreflect.MessageDescriptor) error {
	token, err := r.next()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return r.wrong("it must be a JSON object")
	}
	if err := r.object(message, ""); err != nil {
		return err
	}
	if rest := bytes.TrimSpace(r.text[r.from.InputOffset():]); len(rest) > 0 {
		r.start = len(r.text) - len(rest)
		return r.wrong("there is more text after the JSON object")
	}
	return nil
}

// next reads the next token.
func (r *bodyReader) next() (json.Token, error) {
	for r.start = int(r.from.InputOffset()); r.start < len(r.text) && strings.IndexByte(" \t\r\n,:", r.text[r.start]) >= 0; r.start++ {
	}
	token, err := r.from.Token()
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, r.wrong("the JSON ends too early")
	case err != nil:
		return nil, r.wrong("it is not valid JSON")
	}
	if _, isText := token.(string); isText {
		switch raw := r.text[r.start:r.from.InputOffset()]; {
		case !utf8.Valid(raw):
			return nil, r.wrong("a string is not valid UTF-8")
		case bytes.Contains(raw, []byte(`\u`)) && !bytes.Equal(raw, mendTexts(raw)):
			return nil, r.wrong("a string has a \\u escape that is not a Unicode character, such as half of a surrogate pair")
		}
	}
	return token, nil
}

// object reads an object after its brace. The path leads to it; it is empty for the whole.
func (r *bodyReader) object(message protoreflect.MessageDescriptor, path string) error {
	given := map[protoreflect.Name]bool{} // fields, and groups of alternatives
	for r.from.More() {
		key, err := r.next()
		if err != nil {
			return err
		}
		name, _ := key.(string)
		field := fieldOf(message, name)
		if field == nil {
			return r.wrong("%s", noField(message, name))
		}
		at := path + field.JSONName()
		if given[field.Name()] {
			return r.wrong("the field %s is given twice", at)
		}
		given[field.Name()] = true
		token, err := r.next()
		if err != nil {
			return err
		}
		if token == nil { // null is the same as no field.
			continue
		}
		if group := field.ContainingOneof(); group != nil {
			if given[group.Name()] {
				return r.wrong("only one field of %s may be given", path+string(group.Name()))
			}
			given[group.Name()] = true
		}
		if field.IsList() {
			err = r.list(token, field, at)
		} else {
			err = r.value(token, field, at)
		}
		if err != nil {
			return err
		}
	}
	_, err := r.next() // the brace
	return err
}

func (r *bodyReader) list(token json.Token, field protoreflect.FieldDescriptor, path string) error {
	if token != json.Delim('[') {
		return r.wrong("the field %s must be a list", path)
	}
	for n := 0; r.from.More(); n++ {
		token, err := r.next()
		if err != nil {
			return err
		}
		if err := r.value(token, field, fmt.Sprintf("%s[%d]", path, n)); err != nil {
			return err
		}
	}
	_, err := r.next() // the bracket
	return err
}

// value reads a value that begins with the token.
func (r *bodyReader) value(token json.Token, field protoreflect.FieldDescriptor, path string) error {
	text, isText := token.(string)
	number, isNumber := token.(json.Number)
	fits := true
	switch field.Kind() {
	case protoreflect.MessageKind:
		return r.message(token, field.Message(), path)
	case protoreflect.EnumKind:
		value := valueOf(field.Enum(), text)
		if isText && value == nil || !isText && !isNumber {
			return r.wrong("the field %s must be one of %s", path, handler.EnumNames(field.Enum()))
		}
		if isText && string(value.Name()) != text {
			r.words = append(r.words, shortName{start: r.start, end: int(r.from.InputOffset()), number: value.Number()})
		}
		return nil
	case protoreflect.StringKind:
		fits = isText
	case protoreflect.BytesKind:
		fits = isText && isBase64(text)
	case protoreflect.BoolKind:
		_, fits = token.(bool)
	case protoreflect.Int32Kind, protoreflect.Int64Kind, protoreflect.Uint32Kind, protoreflect.Uint64Kind:
		fits = isText && isWhole(text) || isNumber && isWhole(number.String())
	default:
	}
	if !fits {
		return r.wrong("the field %s must be of type %s", path, field.Kind())
	}
	return nil
}

// message reads a message that begins with the token.
func (r *bodyReader) message(token json.Token, message protoreflect.MessageDescriptor, path string) error {
	text, isText := token.(string)
	switch {
	case isTimestamp(message):
		if !isText || !isTime(text) {
			return r.wrong("%s: %s", path, timeProblem)
		}
		return nil
	case message.FullName() == (*durationpb.Duration)(nil).ProtoReflect().Descriptor().FullName():
		if !isText || !durationText.MatchString(text) {
			return r.wrong("%s: it must be a duration in seconds, such as 3600s", path)
		}
		return nil
	case token != json.Delim('{'):
		return r.wrong("the field %s must be an object", path)
	default:
		return r.object(message, path+".")
	}
}

// fieldOf returns the field of the name in JSON or in the proto; nil if there is none.
func fieldOf(message protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if field := message.Fields().ByJSONName(name); field != nil {
		return field
	}
	return message.Fields().ByTextName(name)
}

// noField says that a message does not have the field, and suggests a similar one. It repeats only a name that cannot be an address.
func noField(message protoreflect.MessageDescriptor, name string) string {
	if !fieldName.MatchString(name) {
		return "the message does not have this field"
	}
	known := make([]string, message.Fields().Len())
	for i := range known {
		known[i] = message.Fields().Get(i).JSONName()
	}
	return "the message does not have the field " + name + nearest.Hint(name, known)
}

// valueOf returns the value of an enum by its name, or by its short name in any case; nil if there is none.
func valueOf(enum protoreflect.EnumDescriptor, name string) protoreflect.EnumValueDescriptor {
	if value := enum.Values().ByName(protoreflect.Name(name)); value != nil {
		return value
	}
	for i := range enum.Values().Len() {
		if value := enum.Values().Get(i); value.Number() != 0 && strings.EqualFold(contract.ShortName(enum, value), name) {
			return value
		}
	}
	return nil
}

// isWhole reports whether a text is a whole number, of any form that JSON has.
func isWhole(text string) bool {
	value, err := strconv.ParseFloat(text, 64)
	return err == nil && value == math.Trunc(value)
}

// isBase64 reports whether a text is base64 in one of its two alphabets, with padding or without.
func isBase64(text string) bool {
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		encoding = base64.RawURLEncoding
	}
	_, err := encoding.DecodeString(strings.TrimRight(text, "="))
	return err == nil
}
