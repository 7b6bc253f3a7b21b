package rpc

import (
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // The codec that lateCodec stands before.
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"github.com/assent-io/assent/internal/consent"
)

// A message that cannot be decoded gRPC by itself answers with INTERNAL before any layer is asked: before authentication, without
// a line in the log. So messages are received in envelopes, whose decoding never fails, and the layers are told what is wrong.

// envelope is a message to be decoded into, with why that failed.
type envelope struct {
	message any
	problem error
}

// lateCodec is the codec of protos that also fills envelopes.
type lateCodec struct{ encoding.CodecV2 }

func newLateCodec() lateCodec { return lateCodec{encoding.GetCodecV2("proto")} }

// Unmarshal decodes a message.
func (c lateCodec) Unmarshal(data mem.BufferSlice, into any) error {
	e, ok := into.(*envelope)
	if !ok {
		return c.CodecV2.Unmarshal(data, into)
	}
	e.problem = c.CodecV2.Unmarshal(data, e.message)
	return nil
}

// lateDecoding registers services whose messages are received in envelopes.
type lateDecoding struct {
	grpc.ServiceRegistrar
	api *API
}

// RegisterService registers the service.
func (l lateDecoding) RegisterService(desc *grpc.ServiceDesc, implementation any) {
	late := *desc
	late.Methods = slices.Clone(desc.Methods)
	for i := range late.Methods {
		method := &late.Methods[i]
		method.Handler = l.api.measured(fullName(desc.ServiceName, method.MethodName), decodeLate(method.Handler))
	}
	l.ServiceRegistrar.RegisterService(&late, implementation)
}

// measured counts the calls of a unary method, also those whose message could not even be received.
func (a *API) measured(fullMethod string, handler grpc.MethodHandler) grpc.MethodHandler {
	if !a.counts(fullMethod) {
		return handler
	}
	return func(
		server any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor,
	) (response any, err error) {
		began := time.Now()
		response, err = handler(server, ctx, decode, interceptor) // A panic ends further in.
		a.called(fullMethod, status.Code(err), time.Since(began))
		return response, err
	}
}

type malformedKey struct{}

func decodeLate(handler grpc.MethodHandler) grpc.MethodHandler {
	return func(server any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		var e envelope
		late := func(message any) error {
			e.message = message
			return decode(&e)
		}
		return handler(server, ctx, late,
			func(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
				if e.problem != nil {
					ctx = context.WithValue(ctx, malformedKey{}, e.problem)
				}
				return interceptor(ctx, request, info, next)
			})
	}
}

// malformed returns why the message of the call could not be decoded; nil if it could.
func malformed(ctx context.Context) error {
	problem, _ := ctx.Value(malformedKey{}).(error) // Without one there is none.
	return problem
}

// unreadable turns an error of decoding into one for the caller, without what it says of the contents.
func unreadable(err error) error {
	if strings.Contains(err.Error(), "UTF-8") {
		return consent.Faultf(consent.FaultInvalidRequest, "", "the message cannot be read: a text in it is not valid UTF-8")
	}
	return consent.Faultf(consent.FaultInvalidRequest, "", "the message cannot be read: it is not one of this method")
}
