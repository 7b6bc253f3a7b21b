package rpc

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service"
	"github.com/assent-io/assent/internal/service/access"
)

// Authenticator knows the clients by their keys.
type Authenticator interface {
	Authenticate(ctx context.Context, key string) (access.Caller, error)
	MayObserve(ctx context.Context) error
}

// Service is all that the API needs of the use cases.
type Service interface {
	handler.UseCases
	Authenticator
}

var _ Service = (*service.Service)(nil)

// Options are what an API needs.
type Options struct {
	// Service is the use cases. Required.
	Service Service
	// Logger is where calls are logged. Required.
	Logger *slog.Logger
	// Open lets everybody do everything, without a key. Only the demo does.
	Open bool
	// Life ends when streams are to end. Required.
	Life context.Context
	// Called is told of every call at its end, but those of the health service; nil: nobody is told.
	Called func(fullMethod string, code codes.Code, took time.Duration)
	// Admitted is told of every call whose caller is known, with the context that the transport gave the call; its error refuses the
	// call. nil: all are let in.
	Admitted func(ctx context.Context) error
	// Limits bound what calls under way take.
	Limits Limits
}

// API is the gRPC services of assent.v1 with all that is around a call.
type API struct {
	gate     gate
	table    map[string]method
	causes   *causes
	checks   handler.Validation
	service  Service
	life     context.Context // that of the server, not of a call
	stopping error

	called func(fullMethod string, code codes.Code, took time.Duration)
	budget *budget
}

// New returns the API.
func New(opts Options) (*API, error) {
	checks, err := handler.NewValidation()
	if err != nil {
		return nil, err
	}
	a := &API{
		gate: gate{clients: opts.Service, open: opts.Open, admitted: opts.Admitted}, table: methods(), checks: checks,
		service: opts.Service, life: opts.Life, stopping: errStopping(), causes: newCauses(opts.Logger),
		called: opts.Called, budget: newBudget(opts.Limits),
	}
	return a, nil
}

// ServerOptions returns the options that a server of the API must have.
func (a *API) ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.UnaryInterceptor(a.unguarded), grpc.StreamInterceptor(a.stream), grpc.MaxRecvMsgSize(MaxMessage),
		grpc.ForceServerCodecV2(newEnvelopeCodec()),
	}
}

// Register registers the services of the API with a server that has the options of the API.
func (a *API) Register(server grpc.ServiceRegistrar) {
	handler.Register(a.Guarded(server), a.service, a.checks)
}

// Guarded returns a registrar for a server that has the options of the API. The calls of a service that is registered with it go
// through the same interceptors as those of the API, if the API has rows for its methods: such a service is that of health.
func (a *API) Guarded(server grpc.ServiceRegistrar) grpc.ServiceRegistrar {
	return guarded{ServiceRegistrar: server, api: a}
}

// Known reports whether there is a method of that full name: the only names that may become labels.
func (a *API) Known(fullMethod string) bool {
	_, ok := a.table[fullMethod]
	return ok
}

// MessageLimit returns how large the message of a method may be, in bytes; 0 of a method that is not known.
func (a *API) MessageLimit(fullMethod string) int { return a.table[fullMethod].limit }

// Blocks reports whether a method may record what only blocks, which what is wrong with its evidence alone never stops.
func (a *API) Blocks(fullMethod string) bool { return a.table[fullMethod].blocks }
