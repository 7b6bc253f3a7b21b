package rpc

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// Unary calls a method inside the layers.
func (a *API) Unary(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	return a.unary(ctx, in, info, next)
}

// Fill decodes a message into what a method is received in.
func Fill(into any, m proto.Message) error {
	if e, ok := into.(*envelope); ok {
		proto.Merge(e.message.(proto.Message), m)
	}
	return nil
}
