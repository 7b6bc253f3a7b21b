package rpc

import (
	"time"

	"google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionv1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/service"
)

// The limits of messages, in bytes.
const (
	// DefaultMessage is how large the message of most calls may be.
	DefaultMessage = 4 << 20
	// MaxMessage is how large the message of a batch may be.
	MaxMessage = 16 << 20
	// openMessage is how large the message of a call without a key may be.
	openMessage = 4 << 10
)

// How long a call may take whose caller gives no deadline.
const (
	defaultTimeout = 30 * time.Second
	batchTimeout   = 2 * time.Minute
	lastingTimeout = 30 * time.Minute
)

// method is what holds for the calls of one method.
type method struct {
	scopes  []service.Scope // the caller has one of them; none: any client may call it
	open    bool            // needs no key
	foreign bool            // it comes with gRPC: its messages have no rules, and its statuses are its own
	quiet   bool            // a call that succeeds is logged on level debug only, for there are very many
	limit   int             // of the message, in bytes
	shape   *shape          // of the message
	timeout time.Duration   // of a unary call without a deadline
}

func needs(scopes ...service.Scope) method {
	return method{scopes: scopes, limit: DefaultMessage, timeout: defaultTimeout}
}

// batch is a method whose message may be large.
func (m method) batch() method {
	m.limit, m.timeout = MaxMessage, batchTimeout
	return m
}

// long is a method that may work through many events.
func (m method) long() method {
	m.timeout = batchTimeout
	return m
}

// lasting is a method that looks at all events.
func (m method) lasting() method {
	m.timeout = lastingTimeout
	return m
}

func (m method) fromGRPC() method {
	m.foreign = true
	return m
}

func (m method) often() method {
	m.quiet = true
	return m
}

// methods returns the row of every method by its full name. Where several scopes stand, what the call is about decides which
// of them it needs; the service holds it to that.
func methods() map[string]method {
	free := method{open: true, foreign: true, quiet: true, limit: openMessage, timeout: defaultTimeout}
	table := map[string]method{
		assentv1.ConsentService_CheckConsent_FullMethodName: needs(service.ScopeCheck).often(),
		assentv1.ConsentService_VerifyReceipt_FullMethodName: needs(
			service.ScopeCheck, service.ScopeRead, service.ScopeExport),
		assentv1.ConsentService_BatchCheckConsent_FullMethodName:  needs(service.ScopeCheck).often().batch(),
		assentv1.ConsentService_StreamCheckConsent_FullMethodName: needs(service.ScopeCheck).often().batch(),
		assentv1.ConsentService_RequestConsent_FullMethodName:     needs(service.ScopeRecord),
		assentv1.ConsentService_ConfirmConsent_FullMethodName:     needs(service.ScopeRecord),
		assentv1.ConsentService_GrantConsent_FullMethodName:       needs(service.ScopeRecord),
		assentv1.ConsentService_WithdrawConsent_FullMethodName:    needs(service.ScopeRecord, service.ScopeSuppress),
		assentv1.ConsentService_BatchRecordEvents_FullMethodName: needs(
			service.ScopeRecord, service.ScopeSuppress, service.ScopeLift, service.ScopeErase).batch(),
		assentv1.ConsentService_LookupRecipient_FullMethodName: needs(service.ScopeRead),

		assentv1.SuppressionService_CreateSuppression_FullMethodName: needs(service.ScopeSuppress),
		assentv1.SuppressionService_LiftSuppression_FullMethodName:   needs(service.ScopeSuppress, service.ScopeLift),

		assentv1.HistoryService_SearchHistory_FullMethodName:     needs(service.ScopeRead),
		assentv1.HistoryService_ListDisclosures_FullMethodName:   needs(service.ScopeRead, service.ScopeExport),
		assentv1.HistoryService_ExportHistory_FullMethodName:     needs(service.ScopeExport),
		assentv1.HistoryService_EraseRecipient_FullMethodName:    needs(service.ScopeErase),
		assentv1.HistoryService_MoveRecipient_FullMethodName:     needs(service.ScopeErase),
		assentv1.HistoryService_VoidEvents_FullMethodName:        needs(service.ScopeErase).long(),
		assentv1.HistoryService_PlaceLegalHold_FullMethodName:    needs(service.ScopeErase),
		assentv1.HistoryService_ReleaseLegalHold_FullMethodName:  needs(service.ScopeErase),
		assentv1.HistoryService_ListErasedReturns_FullMethodName: needs(service.ScopeErase),

		assentv1.CatalogService_GetCatalog_FullMethodName: needs(
			service.ScopeCatalog, service.ScopeCheck, service.ScopeRead, service.ScopeRecord, service.ScopeSuppress),
		assentv1.CatalogService_ApplyCatalog_FullMethodName: needs(service.ScopeCatalog),

		assentv1.LedgerService_GetCheckpoint_FullMethodName:    needs(service.ScopeRead, service.ScopeExport),
		assentv1.LedgerService_AddCosignatures_FullMethodName:  needs(service.ScopeRead, service.ScopeExport),
		assentv1.LedgerService_ProveEntry_FullMethodName:       needs(service.ScopeRead, service.ScopeExport),
		assentv1.LedgerService_ProveConsistency_FullMethodName: needs(service.ScopeRead, service.ScopeExport),

		assentv1.RetentionService_RunRetention_FullMethodName: needs(service.ScopeErase).lasting(),

		assentv1.ClientService_CreateClient_FullMethodName: needs(service.ScopeClients),
		assentv1.ClientService_ListClients_FullMethodName:  needs(service.ScopeClients),
		assentv1.ClientService_RevokeClient_FullMethodName: needs(service.ScopeClients),

		grpc_health_v1.Health_Check_FullMethodName: free,
		grpc_health_v1.Health_List_FullMethodName:  free,
		grpc_health_v1.Health_Watch_FullMethodName: free,

		reflectionv1.ServerReflection_ServerReflectionInfo_FullMethodName:      needs().fromGRPC(),
		reflectionv1alpha.ServerReflection_ServerReflectionInfo_FullMethodName: needs().fromGRPC(),
	}
	known := shapes{}
	for name, row := range table {
		row.shape = known.ofMethod(name)
		table[name] = row
	}
	return table
}
