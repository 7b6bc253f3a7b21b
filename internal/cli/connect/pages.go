package connect

import (
	"context"
	"iter"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// Pages asks for all pages of a list, each as with [CallAgain]. The token is the field of the request that names the page; between two pages
// the caller may change what else the request has. An error is the last that comes.
func Pages[In any, Out interface{ GetNextPageToken() string }](
	ctx context.Context, s *Server, rpc func(context.Context, In, ...grpc.CallOption) (Out, error), in In, token *string,
) iter.Seq2[Out, error] {
	return func(yield func(Out, error) bool) {
		for {
			page, err := CallAgain(ctx, s, rpc, in)
			if !yield(page, err) || err != nil {
				return
			}
			if *token = page.GetNextPageToken(); *token == "" {
				return
			}
		}
	}
}

// All asks for all pages of a list and returns them as one page, which names no next one.
func All[In any, Out interface {
	proto.Message
	GetNextPageToken() string
}](
	ctx context.Context, s *Server, rpc func(context.Context, In, ...grpc.CallOption) (Out, error), in In, token *string,
) (all Out, err error) {
	first := true
	for page, err := range Pages(ctx, s, rpc, in, token) {
		switch {
		case err != nil:
			return all, err
		case first:
			all, first = page, false
		default:
			proto.Merge(all, page)
		}
	}
	list := all.ProtoReflect()
	list.Clear(list.Descriptor().Fields().ByName("next_page_token"))
	return all, nil
}
