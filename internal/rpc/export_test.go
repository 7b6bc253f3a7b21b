package rpc

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// Unary calls a method inside the layers.
func (a *API) Unary(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	return a.unary(ctx, in, info, next)
}

// Fill decodes a message into what a method is received in.
func Fill(into any, m proto.Message) error {
	e, ok := into.(*envelope)
	if !ok {
		return fmt.Errorf("a message is received in a %T", into)
	}
	to, ok := e.message.(proto.Message)
	if !ok {
		return fmt.Errorf("a message is a %T", e.message)
	}
	proto.Merge(to, m)
	return nil
}
