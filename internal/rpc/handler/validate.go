package handler

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/rpc/contract"
)

// Validation checks the shape of messages by the rules in the protos. What they mean the domain checks.
type Validation struct{ protovalidate.Validator }

// NewValidation returns the rules of every message that comes in, compiled, so that no call waits for it and a wrong rule is found at
// start.
func NewValidation() (Validation, error) { return validation() }

//nolint:gochecknoglobals // Compiled once from the protos and immutable: tests start hundreds of servers.
var validation = sync.OnceValues(compile)

func compile() (Validation, error) {
	validator, err := protovalidate.New(protovalidate.WithDisableLazy(), protovalidate.WithMessageDescriptors(contract.Incoming()...))
	if err != nil {
		return Validation{}, fmt.Errorf("compile the rules of the messages: %w", err)
	}
	return Validation{validator}, nil
}

// Message refuses a message that breaks a rule of the protos.
func (v Validation) Message(message any) error {
	m, ok := message.(proto.Message)
	if !ok {
		return fmt.Errorf("the type %T is not a protobuf message", message)
	}
	return v.shape(m, fault.InvalidRequest)
}

// shape returns an error with the fault, which names every field that breaks a rule.
func (v Validation) shape(m proto.Message, code fault.Code) error {
	err := v.Validate(m)
	if err == nil {
		return nil
	}
	var broken *protovalidate.ValidationError
	if !errors.As(err, &broken) || len(broken.Violations) == 0 {
		return fmt.Errorf("check the shape of a message: %w", err)
	}
	refused := &fault.Error{Code: code}
	for _, violation := range broken.Violations {
		refused.Violations = append(refused.Violations, fault.Violation{
			Field:   jsonPath(protovalidate.FieldPathString(violation.Proto.GetField())),
			Message: problemOf(violation),
		})
	}
	// The rules are compiled in: the texts name limits, never what was given.
	refused.Field, refused.Message = refused.Violations[0].Field, refused.Violations[0].Message
	if more := len(refused.Violations) - 1; more > 0 {
		refused.Message = fmt.Sprintf("%s (and %d more)", refused.Message, more)
	}
	return refused
}

// problemOf says what is wrong with a field. The texts of the rules themselves do not help a caller: for a missing
// field they give the number of bytes it must have, and for an enum they do not give the allowed values.
func problemOf(v *protovalidate.Violation) string {
	switch v.Proto.GetRuleId() {
	case "string.min_bytes", "repeated.min_items": // No rule asks for more than one.
		return "it is missing"
	case "required": // Only groups of alternatives have this rule.
		return "exactly one of its fields must be given; the API reference lists them"
	case "enum.defined_only", "enum.not_in":
		if v.FieldDescriptor != nil && v.FieldDescriptor.Enum() != nil {
			return "it must be one of " + EnumNames(v.FieldDescriptor.Enum())
		}
	}
	return v.Proto.GetMessage()
}

// EnumNames lists the values of an enum that may be given: all but the one that says nothing.
func EnumNames(enum protoreflect.EnumDescriptor) string {
	var names []string
	for i := range enum.Values().Len() {
		if value := enum.Values().Get(i); value.Number() != 0 {
			names = append(names, string(value.Name()))
		}
	}
	return strings.Join(names, ", ")
}

// jsonPath turns the names of a path into those of JSON: evidence.user_agent into evidence.userAgent.
func jsonPath(path string) string {
	var b strings.Builder
	upper := false
	for i := range len(path) {
		switch letter := path[i]; {
		case letter == '_':
			upper = true
		case upper && 'a' <= letter && letter <= 'z':
			b.WriteByte(letter - 'a' + 'A')
			upper = false
		default:
			b.WriteByte(letter)
			upper = false
		}
	}
	return b.String()
}
