package rest

import (
	"net/url"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/assent-io/assent/internal/rpc/contract"
	"github.com/assent-io/assent/internal/timetext"
)

// timeProblem says how a time is written.
const timeProblem = "a time must have the form of " + timetext.Example

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

// wrong returns the name of a parameter with a time that is not RFC 3339; empty if all are valid.
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
