package rpc

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc/codes"

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
	feedserver.Feed
	webhookserver.Webhooks
	importserver.Imports
	listserver.Lists
	intakeserver.Intake
	sourceserver.Sources
	sendserver.Sends
	contactserver.Contacts
	caseserver.UseCases
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
	// Called is told of every call at its end, but those of the health service; nil: no function is called.
	Called func(fullMethod string, code codes.Code, took time.Duration)
	// Admitted is told of every call with a known caller, with the context that the transport gave the call; its error refuses the
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
