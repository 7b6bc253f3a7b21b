package server

import (
	"net/url"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// parameters are the names that may stand in the query of a GET call, by its path. The gateway ignores all others; who misspells
// a filter would get everything and not know.
type parameters map[string]map[string]bool

// newParameters reads them from the protos: each field of the request, by its name in JSON and in the proto.
func newParameters() parameters {
	all := parameters{}
	for _, file := range []protoreflect.FileDescriptor{
		assentv1.File_assent_v1_consent_service_proto, assentv1.File_assent_v1_suppression_service_proto,
		assentv1.File_assent_v1_history_service_proto, assentv1.File_assent_v1_catalog_service_proto,
		assentv1.File_assent_v1_client_service_proto,
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
	p[rule.GetGet()] = names
}

// allow reports whether the call takes all parameters of its query.
func (p parameters) allow(u *url.URL) bool {
	given, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return false
	}
	names, known := p[u.Path]
	for name := range given {
		if known && !names[name] {
			return false
		}
	}
	return true
}
