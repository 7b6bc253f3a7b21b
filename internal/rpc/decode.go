package rpc

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip"  // Clients may compress their messages.
	_ "google.golang.org/grpc/encoding/proto" // The codec that envelopeCodec stands before.
	"google.golang.org/grpc/status"

	"github.com/assent-io/assent/internal/fault"
)

// guarded registers services, and makes their calls go through the layers before anything of their message is read.
type guarded struct {
	grpc.ServiceRegistrar
	api *API
}

// RegisterService registers the service.
func (g guarded) RegisterService(desc *grpc.ServiceDesc, implementation any) {
	inside := *desc
	inside.Methods = slices.Clone(desc.Methods)
	for i := range inside.Methods {
		method := &inside.Methods[i]
		method.Handler = g.api.guard(fullName(desc.ServiceName, method.MethodName), method.Handler)
	}
	g.ServiceRegistrar.RegisterService(&inside, implementation)
}

func fullName(service, method string) string { return "/" + service + "/" + method }

// unaryCall is a unary call under way.
type unaryCall struct {
	call
	api    *API
	ctx    context.Context //nolint:containedctx // The decoder of gRPC is not given one.
	intake intake
}

// guard puts the layers around the handler of a unary method. gRPC runs the handler before it reads anything of the message, and the
// handler begins by decoding it.
func (a *API) guard(fullMethod string, handler grpc.MethodHandler) grpc.MethodHandler {
	counts := a.counts(fullMethod)
	return func(
		server any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor,
	) (response any, err error) {
		u := &unaryCall{call: a.newCall(fullMethod), api: a}
		if counts {
			defer func() { a.called(fullMethod, status.Code(err), time.Since(u.began)) }()
		}
		defer a.end(ctx, &u.call, &err)
		u.ctx, err = a.enter(ctx, &u.call)
		if err == nil {
			u.intake.open(ctx, a, &u.call, decode)
			defer u.intake.close()
			response, err = handler(server, u.ctx, u.receive, u.run) //nolint:contextcheck // It is made from the one that was given.
		}
		if err != nil {
			return nil, a.leave(ctx, &u.call, err)
		}
		return response, nil
	}
}

// receive receives the message of the call.
func (u *unaryCall) receive(message any) error {
	err := transportError(u.intake.receive(u.ctx, message))
	if errors.Is(err, io.EOF) {
		return fault.Errorf(fault.InvalidRequest, "", "the call has no message")
	}
	return err
}

// run runs the handler of the method when the message has been received.
func (u *unaryCall) run(ctx context.Context, request any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := u.row.check(u.api.checks, request); err != nil {
		return nil, err
	}
	timed := ctx
	if _, given := ctx.Deadline(); !given {
		var cancel context.CancelFunc
		timed, cancel = context.WithTimeout(ctx, u.row.timeout)
		defer cancel()
	}
	return next(timed, request)
}
