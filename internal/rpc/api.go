package rpc

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/service"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/checkpoint"
	"github.com/assent-io/assent/internal/service/disclosure"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/receipts"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/retention"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/txn"
)

// Checker answers whether addresses may be contacted.
type Checker interface {
	Check(ctx context.Context, in check.Input) (check.Result, error)
	BatchCheck(ctx context.Context, in check.BatchInput) (check.BatchResult, error)
	Lookup(ctx context.Context, in check.LookupInput) (check.Recipient, error)
}

// ReceiptVerifier verifies the receipts of checks.
type ReceiptVerifier interface {
	VerifyReceipt(ctx context.Context, in receipts.Input) (receipts.Verified, error)
}

// Recorder records what people say.
type Recorder interface {
	RequestConsent(ctx context.Context, in record.OptIn) (record.OptInResult, error)
	ConfirmConsent(ctx context.Context, in record.Confirmation) (record.Confirmed, error)
	Record(ctx context.Context, st statement.Statement, once txn.Idempotency) (txn.Recorded, error)
	BatchRecord(ctx context.Context, in record.Batch) ([]record.Item, error)
}

// Historian shows what was recorded.
type Historian interface {
	History(ctx context.Context, in export.HistoryInput) (export.HistoryPage, error)
	ListDisclosures(ctx context.Context, in disclosure.ListInput) (disclosure.Page, error)
	Export(ctx context.Context, in export.Input, send func(export.Chunk) error) error
	ExportLedger(ctx context.Context, in export.Range, send func(export.Chunk) error) error
}

// Rights is what a person, or an officer for them, may ask for.
type Rights interface {
	Erase(ctx context.Context, in record.Erasure) (txn.Recorded, error)
	Move(ctx context.Context, in rights.Move) (rights.Moved, error)
	Void(ctx context.Context, in rights.Void) (rights.Voided, error)
	PlaceHold(ctx context.Context, in rights.Hold) (txn.Recorded, error)
	ReleaseHold(ctx context.Context, in rights.Hold) (txn.Recorded, error)
	Returns(ctx context.Context, in rights.ReturnsInput) (rights.ReturnsPage, error)
}

// Catalogs keeps the catalog.
type Catalogs interface {
	GetCatalog(ctx context.Context, version int64) (administration.CatalogVersion, error)
	ApplyCatalog(ctx context.Context, in administration.ApplyCatalog) (administration.AppliedCatalog, error)
}

// Clients keeps those who may ask.
type Clients interface {
	CreateClient(ctx context.Context, n administration.NewClient) (access.Client, string, error)
	ListClients(ctx context.Context, size int, pageToken string) (administration.ClientPage, error)
	RevokeClient(ctx context.Context, id string) (access.Client, error)
	RotateClient(ctx context.Context, in administration.RotateClient) (access.Client, string, error)
	EndPriorKey(ctx context.Context, id string) (access.Client, error)
}

// Keeper removes what is not kept any longer.
type Keeper interface {
	RunRetention(ctx context.Context, dryRun bool) (retention.Report, error)
}

// Prover proves that the ledger is what it was.
type Prover interface {
	Checkpoint(ctx context.Context) (checkpoint.Checkpoint, error)
	LatestCosigned(ctx context.Context) (*ledger.Cosigned, error)
	AddCosignatures(ctx context.Context, signed []byte) (ledger.Cosigned, error)
	ProveEntry(ctx context.Context, position, size int64) (checkpoint.EntryProof, error)
	ProveConsistency(ctx context.Context, from, to int64) (checkpoint.ConsistencyProof, error)
}

// Authenticator knows the clients by their keys.
type Authenticator interface {
	Authenticate(ctx context.Context, key string) (access.Caller, error)
	MayObserve(ctx context.Context) error
}

// Service is all that the API needs of the use cases.
type Service interface {
	Checker
	ReceiptVerifier
	Recorder
	Historian
	Rights
	Catalogs
	Clients
	Prover
	Keeper
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
	checks   validation
	speaks   languages
	service  Service
	life     context.Context // that of the server, not of a call
	stopping error

	called func(fullMethod string, code codes.Code, took time.Duration)
	budget *budget
}

// New returns the API.
func New(opts Options) (*API, error) {
	checks, err := newValidation()
	if err != nil {
		return nil, err
	}
	a := &API{
		gate: gate{clients: opts.Service, open: opts.Open, admitted: opts.Admitted}, table: methods(), checks: checks, speaks: newLanguages(),
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
	inside := a.Guarded(server)
	assentv1.RegisterConsentServiceServer(inside, &consentServer{
		check: a.service, receipts: a.service, record: a.service, api: a,
	})
	assentv1.RegisterSuppressionServiceServer(inside, &suppressionServer{record: a.service})
	assentv1.RegisterHistoryServiceServer(inside, &historyServer{history: a.service, rights: a.service, speaks: a.speaks})
	assentv1.RegisterCatalogServiceServer(inside, &catalogServer{catalogs: a.service})
	assentv1.RegisterLedgerServiceServer(inside, &ledgerServer{prover: a.service})
	assentv1.RegisterRetentionServiceServer(inside, &retentionServer{keeper: a.service})
	assentv1.RegisterClientServiceServer(inside, &clientServer{clients: a.service})
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
