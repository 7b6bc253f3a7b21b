package connect

import (
	"context"
	"iter"

	"google.golang.org/grpc"
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
