package rpc

import (
	"google.golang.org/grpc"

	"github.com/assent-io/assent/internal/rpc/caseserver"
	"github.com/assent-io/assent/internal/rpc/contactserver"
	"github.com/assent-io/assent/internal/rpc/feedserver"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/rpc/importserver"
	"github.com/assent-io/assent/internal/rpc/intakeserver"
	"github.com/assent-io/assent/internal/rpc/listserver"
	"github.com/assent-io/assent/internal/rpc/sendserver"
	"github.com/assent-io/assent/internal/rpc/sourceserver"
	"github.com/assent-io/assent/internal/rpc/webhookserver"
)

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
	guarded := a.Guarded(server)
	handler.Register(guarded, a.service, a.checks)
	feedserver.Register(guarded, a.service)
	webhookserver.Register(guarded, a.service)
	importserver.Register(guarded, a.service)
	listserver.Register(guarded, a.service)
	intakeserver.Register(guarded, a.service)
	sourceserver.Register(guarded, a.service)
	sendserver.Register(guarded, a.service)
	contactserver.Register(guarded, a.service)
	caseserver.Register(guarded, a.service)
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
