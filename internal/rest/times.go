package rest

import (
	"encoding/json"
	"fmt"
	"net/url"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/assent-io/assent/internal/rpc/contract"
	"github.com/assent-io/assent/internal/timetext"
)

// timeProblem says how a time is written.
const timeProblem = "a time is written as in " + timetext.Example

// The library reads times that are no RFC 3339, such as T1:00:00Z, and an offset of +24:00 moves a proof by a day. So what it has
// read is held against the text once more.

// wrongTime returns where a body has a time that is no RFC 3339, by the names of the fields; empty where all are right. The body
// must be JSON of such a message.
func wrongTime(body []byte, message protoreflect.MessageDescriptor) string {
	if !hasTimes(message, map[protoreflect.FullName]bool{}) {
		return ""
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		// The library has read it: it is no JSON only where this package is stricter, and then it is not trusted.
		return "the body"
	}
	return wrongTimeIn(value, message)
}

func wrongTimeIn(value any, message protoreflect.MessageDescriptor) string {
	if isTimestamp(message) {
		if text, ok := value.(string); ok && !isTime(text) {
			return "it"
		}
		return ""
	}
	fields, _ := value.(map[string]any)
	for name, value := range fields {
		field := message.Fields().ByJSONName(name)
		if field == nil {
			field = message.Fields().ByTextName(name)
		}
		if field == nil || field.Message() == nil {
			continue
		}
		items, isList := value.([]any)
		if !isList {
			items = []any{value}
		}
		for i, item := range items {
			if isList {
				name = fmt.Sprintf("%s[%d]", field.JSONName(), i)
			}
			switch where := wrongTimeIn(item, field.Message()); where {
			case "":
			case "it":
				return name
			default:
				return name + "." + where
			}
		}
	}
	return ""
}

// hasTimes reports whether a message can hold a time.
func hasTimes(message protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) bool {
	if isTimestamp(message) {
		return true
	}
	if seen[message.FullName()] {
		return false
	}
	seen[message.FullName()] = true
	for i := range message.Fields().Len() {
		if inner := message.Fields().Get(i).Message(); inner != nil && hasTimes(inner, seen) {
			return true
		}
	}
	return false
}

// timeParameters are the names of the parameters that are times, by their names in JSON and in the proto. A name means the same
// in every call.
type timeParameters map[string]bool

// newTimeParameters reads them from the protos.
func newTimeParameters() timeParameters {
	all := timeParameters{}
	for _, method := range contract.Methods() {
		fields := method.Input().Fields()
		for i := range fields.Len() {
			if field := fields.Get(i); field.Message() != nil && isTimestamp(field.Message()) {
				all[string(field.Name())], all[field.JSONName()] = true, true
			}
		}
	}
	return all
}

// wrong returns the name of a parameter whose time is no RFC 3339; empty where all are right.
func (p timeParameters) wrong(u *url.URL) string {
	for name, values := range u.Query() {
		for _, value := range values {
			if p[name] && !isTime(value) {
				return name
			}
		}
	}
	return ""
}

func isTimestamp(message protoreflect.MessageDescriptor) bool {
	return message.FullName() == (*timestamppb.Timestamp)(nil).ProtoReflect().Descriptor().FullName()
}

func isTime(text string) bool {
	_, err := timetext.Parse(text)
	return err == nil
}
