// Package contract reads from the compiled protos what the API has: its methods, and the messages that may come in. What is the same for
// every method follows from here, so that a new one needs no entry in a list.
package contract

import (
	"cmp"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// Methods returns the methods of all services of the API, in the order of their full names.
func Methods() []protoreflect.MethodDescriptor {
	var all []protoreflect.MethodDescriptor
	api := assentv1.File_assent_v1_types_proto.Package()
	protoregistry.GlobalFiles.RangeFilesByPackage(api, func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				all = append(all, methods.Get(j))
			}
		}
		return true
	})
	slices.SortFunc(all, func(a, b protoreflect.MethodDescriptor) int { return cmp.Compare(a.FullName(), b.FullName()) })
	return all
}

// FullName returns the name by which gRPC calls a method, such as /assent.v1.ConsentService/CheckConsent.
func FullName(method protoreflect.MethodDescriptor) string {
	return "/" + string(method.Parent().FullName()) + "/" + string(method.Name())
}

// Incoming returns the messages of the API that may come in: those that the methods take, and all that these hold.
func Incoming() []protoreflect.MessageDescriptor {
	var all []protoreflect.MessageDescriptor
	seen := map[protoreflect.FullName]bool{}
	var add func(message protoreflect.MessageDescriptor)
	add = func(message protoreflect.MessageDescriptor) {
		if seen[message.FullName()] {
			return
		}
		seen[message.FullName()] = true
		all = append(all, message)
		for i := range message.Fields().Len() {
			if inner := message.Fields().Get(i).Message(); inner != nil {
				add(inner)
			}
		}
	}
	for _, method := range Methods() {
		add(method.Input())
	}
	return all
}

// ShortName returns the name of a value of an enum without that of the enum before it: CONSENT for LEGAL_BASIS_CONSENT. The value 0 of every
// enum is called UNSPECIFIED.
func ShortName(enum protoreflect.EnumDescriptor, value protoreflect.EnumValueDescriptor) string {
	prefix := strings.TrimSuffix(string(enum.Values().ByNumber(0).Name()), "UNSPECIFIED")
	return strings.TrimPrefix(string(value.Name()), prefix)
}
