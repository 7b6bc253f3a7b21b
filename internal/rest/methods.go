package rest

import (
	"net/http"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// apiMethods returns the methods of all services that the REST API has.
func apiMethods() []protoreflect.MethodDescriptor {
	var all []protoreflect.MethodDescriptor
	for _, file := range []protoreflect.FileDescriptor{
		assentv1.File_assent_v1_consent_service_proto, assentv1.File_assent_v1_suppression_service_proto,
		assentv1.File_assent_v1_history_service_proto, assentv1.File_assent_v1_catalog_service_proto,
		assentv1.File_assent_v1_client_service_proto, assentv1.File_assent_v1_ledger_service_proto,
		assentv1.File_assent_v1_retention_service_proto,
	} {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				all = append(all, methods.Get(j))
			}
		}
	}
	return all
}

// httpRule returns the HTTP method and the path of a method; ok is false if REST does not have it.
func httpRule(method protoreflect.MethodDescriptor) (verb, path string, ok bool) {
	rule, has := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
	if !has || rule == nil {
		return "", "", false
	}
	switch pattern := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return http.MethodGet, pattern.Get, true
	case *annotations.HttpRule_Put:
		return http.MethodPut, pattern.Put, true
	case *annotations.HttpRule_Post:
		return http.MethodPost, pattern.Post, true
	case *annotations.HttpRule_Delete:
		return http.MethodDelete, pattern.Delete, true
	case *annotations.HttpRule_Patch:
		return http.MethodPatch, pattern.Patch, true
	default:
		return "", "", false
	}
}
