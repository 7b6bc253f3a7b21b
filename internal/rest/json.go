package rest

import (
	"regexp"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/assent-io/assent/internal/rpc/handler"
)

// bodyProblem begins every text about a body.
const bodyProblem = "the body is not right"

// describeJSON says what is wrong with the JSON of a body that is to be such a message: where, and what was expected. The
// library's text is not handed on, for it repeats what was sent, which may be an address.
func describeJSON(err error, message protoreflect.MessageDescriptor) string {
	text := err.Error()
	where := ""
	if found := regexp.MustCompile(`\(line (\d+:\d+)\)`).FindStringSubmatch(text); found != nil {
		where = " at " + found[1]
	}
	if found := regexp.MustCompile(`invalid value for enum field (\w+):`).FindStringSubmatch(text); found != nil {
		if enum := enumOf(message, protoreflect.Name(found[1]), map[protoreflect.FullName]bool{}); enum != nil {
			return bodyProblem + where + ": the field " + found[1] + " must be one of " + handler.EnumNames(enum)
		}
	}
	return bodyProblem + where + ": " + jsonProblem(text)
}

func jsonProblem(text string) string {
	name := `"?([A-Za-z][A-Za-z0-9_]{0,63})"?`
	for _, known := range []struct{ pattern, problem string }{
		{`unknown field ` + name + `$`, "there is no field $1"},
		{`unknown field`, "there is no such field"},
		{`duplicate field ` + name + `$`, "the field $1 comes twice"},
		{`invalid value for (\w+) field (\w+):`, "the field $2 must be of type $1"},
		{`oneof [\w.]+\.(\w+) is already set`, "only one field of $1 may be given"},
		{`Timestamp`, timeProblem},
		{`UTF-8`, "a text is not valid UTF-8"},
		{`recursion depth`, "it nests too deeply"},
		{`unexpected EOF`, "it ends too early"},
	} {
		pattern := regexp.MustCompile(known.pattern)
		if found := pattern.FindStringSubmatchIndex(text); found != nil {
			return string(pattern.ExpandString(nil, known.problem, text, found))
		}
	}
	return "it is no JSON of this call"
}

// enumOf returns the enum of the field of that JSON name, in the message or in one that it holds; nil if there is none.
func enumOf(
	message protoreflect.MessageDescriptor, name protoreflect.Name, seen map[protoreflect.FullName]bool,
) protoreflect.EnumDescriptor {
	if seen[message.FullName()] {
		return nil
	}
	seen[message.FullName()] = true
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		if field.Enum() != nil && (field.JSONName() == string(name) || field.Name() == name) {
			return field.Enum()
		}
		if inner := field.Message(); inner != nil {
			if enum := enumOf(inner, name, seen); enum != nil {
				return enum
			}
		}
	}
	return nil
}
