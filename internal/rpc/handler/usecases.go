package handler

import (
	"context"

	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/checkpoint"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/disclosure"
	"github.com/assent-io/assent/internal/service/erased"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/receipts"
	"github.com/assent-io/assent/internal/service/recipient"
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

// Linker makes the links of messages.
type Linker interface {
	MayIssue(ctx context.Context, channel string) error
	Issue(ctx context.Context, channel string, wanted []recipient.Wanted) ([]*recipient.Headers, error)
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
	ListReaders(ctx context.Context, in disclosure.ReadersInput) (disclosure.ReadersPage, error)
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
	Returns(ctx context.Context, in erased.ReturnsInput) (erased.ReturnsPage, error)
	Claims(ctx context.Context, in erased.ClaimsInput) (erased.ClaimsPage, error)
}

// Catalogs keeps the catalog.
type Catalogs interface {
	GetCatalog(ctx context.Context, version int64) (administration.CatalogVersion, error)
	ApplyCatalog(ctx context.Context, in administration.ApplyCatalog) (administration.AppliedCatalog, error)
}

// Clients manages the clients of the API.
type Clients interface {
	CreateClient(ctx context.Context, n administration.NewClient) (access.Client, string, error)
	GetCaller(ctx context.Context) (access.Caller, error)
	ListClients(ctx context.Context, size int, pageToken string) (administration.ClientPage, error)
	RevokeClient(ctx context.Context, id string) (access.Client, error)
	RotateClient(ctx context.Context, in administration.RotateClient) (access.Client, string, error)
	EndPriorKey(ctx context.Context, id string) (access.Client, error)
}

// Consumers manages the consumers of the change feed.
type Consumers interface {
	CreateConsumer(ctx context.Context, n consumers.NewConsumer) (consumers.Created, error)
	GetConsumer(ctx context.Context, id string) (consumers.Consumer, error)
	ListConsumers(ctx context.Context, size int, pageToken string) (consumers.Page, error)
	RevokeConsumer(ctx context.Context, id string, once txn.Idempotency) (consumers.Consumer, error)
}

// Remover removes what is not kept any longer.
type Remover interface {
	RunRetention(ctx context.Context, dryRun bool) (retention.Report, error)
}

// Prover proves entries of the ledger and its consistency.
type Prover interface {
	Checkpoint(ctx context.Context) (checkpoint.Checkpoint, error)
	LatestCosigned(ctx context.Context) (*ledger.Cosigned, error)
	AddCosignatures(ctx context.Context, signed []byte) (ledger.Cosigned, error)
	ProveEntry(ctx context.Context, position, size int64) (checkpoint.EntryProof, error)
	ProveConsistency(ctx context.Context, from, to int64) (checkpoint.ConsistencyProof, error)
}

// UseCases is all that the services call.
type UseCases interface {
	Checker
	Linker
	ReceiptVerifier
	Recorder
	Historian
	Rights
	Catalogs
	Clients
	Consumers
	Prover
	Remover
}
