package rpc

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/assent-io/assent/internal/consent"
)

// call is one call under way: what the layers around it tell each other.
type call struct {
	method    string // its full name
	row       method
	known     bool // there is such a row
	streaming bool
	message   any   // of a unary call
	malformed error // why the message of a unary call could not be read
	hooks     []func(any) error

	id     string // the request id
	client string // id of the client; empty until it is known
	reason string // of the error it failed with
}

// onMessage has check called with the message of a unary call, at once, or with every message that a stream receives.
func (c *call) onMessage(check func(message any) error) error {
	if c.streaming {
		c.hooks = append(c.hooks, check)
		return nil
	}
	return check(c.message)
}

// layer does something around every call.
type layer func(ctx context.Context, c *call, next func(context.Context) error) error

// run runs the call inside the layers, the first outermost.
func run(ctx context.Context, layers []layer, c *call, call func(context.Context) error) error {
	if len(layers) == 0 {
		return call(ctx)
	}
	return layers[0](ctx, c, func(ctx context.Context) error { return run(ctx, layers[1:], c, call) })
}

func (a *API) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	row, known := a.table[info.FullMethod]
	c := &call{method: info.FullMethod, row: row, known: known, message: request, malformed: malformed(ctx)}
	var response any
	err := run(ctx, a.layers, c, func(ctx context.Context) error {
		var err error
		response, err = handler(ctx, request)
		return err
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

func (a *API) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	row, known := a.table[info.FullMethod]
	c := &call{method: info.FullMethod, row: row, known: known, streaming: true}
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	defer context.AfterFunc(a.life, func() { cancel(a.stopping) })()
	return run(ctx, a.layers, c, func(ctx context.Context) error {
		return handler(server, &checkedStream{ServerStream: stream, ctx: ctx, call: c})
	})
}

// checkedStream is a stream whose messages the layers see.
type checkedStream struct {
	grpc.ServerStream
	ctx  context.Context // as any stream has
	call *call
}

// Context returns the context of the call inside the layers.
func (s *checkedStream) Context() context.Context { return s.ctx }

// unusable is what is wrong with one message that arrived whole; the next one can be received.
type unusable struct{ error }

func (u *unusable) Unwrap() error { return u.error }

// RecvMsg receives a message.
func (s *checkedStream) RecvMsg(message any) error {
	e := envelope{message: message}
	if err := s.ServerStream.RecvMsg(&e); err != nil {
		return transportError(err)
	}
	if e.problem != nil {
		return &unusable{unreadable(e.problem)}
	}
	for _, check := range s.call.hooks {
		if err := check(message); err != nil {
			return &unusable{err}
		}
	}
	return nil
}

// SendMsg sends a message.
func (s *checkedStream) SendMsg(message any) error {
	return transportError(s.ServerStream.SendMsg(message))
}

// transportError returns what gRPC ends a stream with as an error of this program: a caller that went away is no fault of it.
func transportError(err error) error {
	switch status.Code(err) {
	case codes.Canceled, codes.Unavailable:
		return context.Canceled
	case codes.DeadlineExceeded:
		return context.DeadlineExceeded
	case codes.ResourceExhausted:
		return consent.Faultf(consent.FaultTooLarge, "", "a message is larger than %d bytes", MaxMessage)
	default:
		return err
	}
}
