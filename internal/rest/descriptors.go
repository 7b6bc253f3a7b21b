package rest

import (
	"fmt"

	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/assent-io/assent/internal/rpc/contract"
)

// Descriptors returns the gRPC API and the health service as a serialized google.protobuf.FileDescriptorSet. It holds all
// imports, each file after those that it imports, so that a client needs no proto files of others. Equal programs return
// equal bytes.
func Descriptors() ([]byte, error) {
	set, added := &descriptorpb.FileDescriptorSet{}, map[string]bool{}
	for _, method := range contract.Methods() {
		addFile(set, added, method.ParentFile())
	}
	addFile(set, added, grpc_health_v1.File_grpc_health_v1_health_proto)
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("serialize the descriptors of the API: %w", err)
	}
	return data, nil
}

// addFile adds a file and what it imports, unless it was added before.
func addFile(set *descriptorpb.FileDescriptorSet, added map[string]bool, file protoreflect.FileDescriptor) {
	if added[file.Path()] {
		return
	}
	added[file.Path()] = true
	for i := range file.Imports().Len() {
		addFile(set, added, file.Imports().Get(i).FileDescriptor)
	}
	set.File = append(set.File, protodesc.ToFileDescriptorProto(file))
}
