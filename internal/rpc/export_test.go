package rpc

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/assent-io/assent/internal/service/access"
)

// RowOf returns the scopes of a method and what it reaches, in the words of docs/api.md.
func RowOf(fullMethod string) (scopes []access.Scope, reaches string) {
	row := methods()[fullMethod]
	return row.scopes, map[reach]string{everywhere: "any", department: "own", whole: "all"}[row.reach]
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
