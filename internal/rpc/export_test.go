package rpc

import (
	"fmt"

	"google.golang.org/protobuf/proto"
)

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
