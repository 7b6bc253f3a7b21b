package rpc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/rpc/handler"
)

// A call runs inside these layers, outermost first: its end (a panic becomes an error, the log gets its line), the mapping of errors, the
// request id, the key, the limits of the client, the message and its shape, the default deadline. Nothing of a message is read before the
// caller is known. Both kinds of calls go through [API.enter] and [API.leave], so they cannot drift apart. There are very many calls, each on a new stack that would have to grow: so these are steps one after the
// other, and no closures inside each other.

func (a *API) newCall(fullMethod string) call {
	row, known := a.table[fullMethod]
	return call{method: fullMethod, row: row, known: known, began: time.Now()}
}

// unguarded refuses a unary call of a service that was registered past the layers, which would let everybody call it.
func (a *API) unguarded(
	ctx context.Context, _ any, info *grpc.UnaryServerInfo, _ grpc.UnaryHandler,
) (response any, err error) {
	c := a.newCall(info.FullMethod)
	defer a.end(ctx, &c, &err)
	c.id = newID()
	return nil, a.leave(ctx, &c, fmt.Errorf("the service of the method %s was not registered by the API", c.method))
}

func (a *API) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	c := a.newCall(info.FullMethod)
	c.streaming = true
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	defer context.AfterFunc(a.life, func() { cancel(a.stopping) })()
	if a.counts(c.method) {
		defer func() { a.called(c.method, status.Code(err), time.Since(c.began)) }()
	}
	defer a.end(ctx, &c, &err)
	inside, err := a.enter(ctx, &c)
	if err == nil {
		checked := &checkedStream{ServerStream: stream, ctx: inside, row: c.row, checks: a.checks}
		checked.intake.open(ctx, a, &c, stream.RecvMsg)
		defer checked.intake.close()
		err = handler(server, checked)
	}
	if err != nil {
		return a.leave(ctx, &c, err)
	}
	return nil
}

// enter is the way in: it returns the context of what is inside.
func (a *API) enter(ctx context.Context, c *call) (context.Context, error) {
	c.id = idOf(metadata.ValueFromIncomingContext(ctx, requestIDKey))
	if err := grpc.SetHeader(ctx, metadata.MD{requestIDKey: {c.id}}); err != nil {
		return ctx, fmt.Errorf("return the request id: %w", err)
	}
	inside, err := a.gate.admit(ctx, c)
	if err != nil {
		return ctx, err
	}
	return inside, a.budget.begin(c)
}

// leave is the way out of a call that failed.
func (a *API) leave(ctx context.Context, c *call, err error) error {
	// A stream that was ended fails with that, whatever its handler makes of it.
	if c.streaming && errors.Is(context.Cause(ctx), a.stopping) {
		err = a.stopping
	}
	return a.causes.mapped(ctx, c, err)
}

// counts reports whether the calls of a method are counted.
func (a *API) counts(fullMethod string) bool {
	row, known := a.table[fullMethod]
	return a.called != nil && known && !row.open
}

// checkedStream is a stream; the layers see its messages.
type checkedStream struct {
	grpc.ServerStream
	ctx    context.Context // as any stream has
	row    method
	checks handler.Validation
	intake intake
}

// Context returns the context of the call inside the layers.
func (s *checkedStream) Context() context.Context { return s.ctx }

// RecvMsg receives a message. The room that the message before it had is given back.
func (s *checkedStream) RecvMsg(message any) error {
	if err := s.intake.receive(s.ctx, message); err != nil {
		return transportError(err)
	}
	if err := s.row.check(s.checks, message); err != nil {
		return &handler.UnusableMessage{Err: err}
	}
	return nil
}

// SendMsg sends a message.
func (s *checkedStream) SendMsg(message any) error {
	return transportError(s.ServerStream.SendMsg(message))
}

// transportError returns what gRPC ends a stream with as an error of this program: a caller that went away is not an error of the program.
func transportError(err error) error {
	if err == nil {
		return nil
	}
	switch status.Code(err) {
	case codes.Canceled, codes.Unavailable:
		return context.Canceled
	case codes.DeadlineExceeded:
		return context.DeadlineExceeded
	case codes.ResourceExhausted:
		return fault.Errorf(fault.TooLarge, "", "a message is larger than %d bytes", MaxMessage)
	default:
		return err
	}
}
