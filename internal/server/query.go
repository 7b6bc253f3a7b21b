package server

import (
	"net/url"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// parameters are the names that may stand in the query of a GET call, by its path, in which {} stands for one part. The gateway
// ignores all others; who misspells a filter would get everything and not know.
type parameters map[string]map[string]bool

// newParameters reads them from the protos: each field of the request, by its name in JSON and in the proto.
func newParameters() parameters {
	all := parameters{}
	for _, file := range []protoreflect.FileDescriptor{
		assentv1.File_assent_v1_consent_service_proto, assentv1.File_assent_v1_suppression_service_proto,
		assentv1.File_assent_v1_history_service_proto, assentv1.File_assent_v1_catalog_service_proto,
		assentv1.File_assent_v1_client_service_proto, assentv1.File_assent_v1_ledger_service_proto,
		assentv1.File_assent_v1_retention_service_proto,
	} {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				all.add(methods.Get(j))
			}
		}
	}
	return all
}

func (p parameters) add(method protoreflect.MethodDescriptor) {
	rule, ok := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
	if !ok || rule.GetGet() == "" {
		return
	}
	names := map[string]bool{}
	fields := method.Input().Fields()
	for i := range fields.Len() {
		names[string(fields.Get(i).Name())], names[fields.Get(i).JSONName()] = true, true
	}
	p[placeholder(rule.GetGet())] = names
}

// placeholder returns the template of a path with {} in place of its field, of which it has one at most.
func placeholder(template string) string {
	before, rest, found := strings.Cut(template, "{")
	_, after, closed := strings.Cut(rest, "}")
	if !found || !closed {
		return template
	}
	return before + "{}" + after
}

// of returns the names of the call with the path, and whether there is one.
func (p parameters) of(path string) (map[string]bool, bool) {
	if names, ok := p[path]; ok {
		return names, true
	}
	for template, names := range p {
		before, after, found := strings.Cut(template, "{}")
		if found && len(path) > len(before)+len(after) && strings.HasPrefix(path, before) && strings.HasSuffix(path, after) {
			return names, true
		}
	}
	return nil, false
}

// allow reports whether the call takes all parameters of its query.
func (p parameters) allow(u *url.URL) bool {
	given, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return false
	}
	names, known := p.of(u.Path)
	for name := range given {
		if known && !names[name] {
			return false
		}
	}
	return true
}
