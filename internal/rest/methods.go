package rest

import (
	"net/http"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

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
