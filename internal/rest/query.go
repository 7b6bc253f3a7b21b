package rest

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/rpc/contract"
	"github.com/assent-io/assent/internal/rpc/handler"
)

// routeTable has the calls of the REST API by path, with {} for a variable part, and then by HTTP method.
type routeTable map[string]map[string]route

// route is a call of the REST API.
type route struct {
	// name is the full name of the method.
	name string
	// media is what a request accepts inside the process where the answer is not one JSON message; else empty.
	media string
	input protoreflect.MessageDescriptor
	// inPath is the field of the request that is part of the path; nil if there is none.
	inPath protoreflect.FieldDescriptor
	// inQuery are the fields that may stand in the query, by their names in JSON and in the proto.
	inQuery map[string]protoreflect.FieldDescriptor
}

// newRouteTable reads the table from the protos.
func newRouteTable() routeTable {
	table := routeTable{}
	for _, method := range contract.Methods() {
		verb, path, ok := httpRule(method)
		if ok {
			table.add(verb, path, method)
		}
	}
	return table
}

func (t routeTable) add(verb, path string, method protoreflect.MethodDescriptor) {
	template, field := placeholder(path)
	input := method.Input()
	r := route{
		name: contract.FullName(method), media: mediaOf(method.Output().FullName()), input: input,
		inPath: input.Fields().ByName(protoreflect.Name(field)), inQuery: map[string]protoreflect.FieldDescriptor{},
	}
	for i := range input.Fields().Len() {
		field := input.Fields().Get(i)
		if verb == http.MethodGet && field != r.inPath {
			r.inQuery[string(field.Name())], r.inQuery[field.JSONName()] = field, field
		}
	}
	if t[template] == nil {
		t[template] = map[string]route{}
	}
	t[template][verb] = r
}

// mediaOf returns what a request accepts inside the process to which a message, or a stream of them, is the answer; empty: one JSON message.
func mediaOf(message protoreflect.FullName) string {
	if message == fileMessage() {
		return fileMedia
	}
	return feedMedia(message)
}

// placeholder returns a path with {} in place of its field, and the name of the field. A path has one field at most.
func placeholder(path string) (template, field string) {
	before, rest, found := strings.Cut(path, "{")
	field, after, closed := strings.Cut(rest, "}")
	if !found || !closed {
		return path, ""
	}
	return before + "{}" + after, field
}

// find returns the calls of a path by HTTP method, and the value of the field in the path.
func (t routeTable) find(path string) (methods map[string]route, value string) {
	if methods, ok := t[path]; ok {
		return methods, ""
	}
	for template, methods := range t {
		before, after, found := strings.Cut(template, "{}")
		if !found || len(path) <= len(before)+len(after) || !strings.HasPrefix(path, before) || !strings.HasSuffix(path, after) {
			continue
		}
		if value := path[len(before) : len(path)-len(after)]; !strings.Contains(value, "/") {
			return methods, value
		}
	}
	return nil, ""
}

// of returns the call of an HTTP method and a path; false if there is none.
func (t routeTable) of(method, path string) (route, bool) {
	methods, _ := t.find(path)
	r, known := methods[method]
	return r, known
}

// allow returns the value of the header Allow for a path.
func (t routeTable) allow(path string) string {
	methods, _ := t.find(path)
	names := slices.Collect(maps.Keys(methods))
	if _, ok := methods[http.MethodGet]; ok {
		names = append(names, http.MethodHead)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// checkURL returns an error with every parameter of the URL that the call lacks, or that has a value that does not fit its field. The
// gateway would ignore the first, so that a caller that misspells a filter would get everything. A path without a call passes.
func (t routeTable) checkURL(method string, u *url.URL) *fault.Error {
	methods, value := t.find(u.Path)
	r, known := methods[method]
	if !known {
		return nil
	}
	given, err := url.ParseQuery(u.RawQuery)
	switch {
	case u.RawQuery != "" && method != http.MethodGet:
		return fault.Errorf(fault.InvalidRequest, "", "this call takes its parameters in the body, not in the URL")
	case err != nil:
		return fault.Errorf(fault.InvalidRequest, "",
			"the parameters of the URL cannot be read: they are written as name=value, joined by &, with %%XX for special characters")
	}
	violations, values := r.unknown(given)
	if r.inPath != nil {
		values[r.inPath.JSONName()] = []string{value}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if problem := problemOfValue(r.input, r.input.Fields().ByJSONName(name), values[name]); problem != "" {
			violations = append(violations, fault.Violation{Field: name, Message: problem})
		}
	}
	if len(violations) == 0 {
		return nil
	}
	refused := &fault.Error{
		Code: fault.InvalidRequest, Field: violations[0].Field, Message: violations[0].Message, Violations: violations,
	}
	if more := len(violations) - 1; more > 0 {
		refused.Message = fmt.Sprintf("%s (and %d more)", refused.Message, more)
	}
	return refused
}

// unknown returns a violation for every parameter that the call lacks, and the values of the others by the field's JSON name.
func (r route) unknown(given url.Values) ([]fault.Violation, map[string][]string) {
	var violations []fault.Violation
	values := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if field, ok := r.inQuery[name]; ok {
			values[field.JSONName()] = append(values[field.JSONName()], given[name]...)
			continue
		}
		shown := ""
		if regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`).MatchString(name) { // Anything else may be an address.
			shown = name
		}
		violations = append(violations, fault.Violation{Field: shown, Message: "this call does not have this parameter; " + r.parameters()})
	}
	return violations, values
}

// parameters says which parameters the call has.
func (r route) parameters() string {
	var names []string
	for name, field := range r.inQuery {
		if name == field.JSONName() {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "it has no parameters"
	}
	slices.Sort(names)
	return "its parameters are " + strings.Join(names, ", ")
}

// problemOfValue says why the values of a parameter do not fit its field; empty if they do. It does not repeat them.
func problemOfValue(input protoreflect.MessageDescriptor, field protoreflect.FieldDescriptor, values []string) string {
	if len(values) > 1 && !field.IsList() {
		return "the parameter is given twice"
	}
	if !slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) }) {
		err := runtime.PopulateQueryParameters(dynamicpb.NewMessage(input), url.Values{string(field.Name()): values},
			utilities.NewDoubleArray(nil))
		if err == nil {
			return ""
		}
	}
	return "the value of the parameter is not valid: it must be " + kindText(field)
}

// kindText names the kind of value that a field takes.
func kindText(field protoreflect.FieldDescriptor) string {
	switch field.Kind() {
	case protoreflect.Int32Kind, protoreflect.Int64Kind:
		return "a whole number, such as 7"
	case protoreflect.BoolKind:
		return "true or false"
	case protoreflect.EnumKind:
		return "one of " + handler.EnumNames(field.Enum())
	case protoreflect.StringKind:
		return "a string in UTF-8"
	case protoreflect.MessageKind:
		if field.Message().FullName() == "google.protobuf.Timestamp" {
			return "a time, such as 2026-10-01T08:00:00Z"
		}
		return "a " + string(field.Message().Name())
	default:
		return "of type " + field.Kind().String()
	}
}
