package rpc

import (
	"maps"
	"strings"
	"time"

	"google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionv1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service/access"
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

// How long a call may take if its caller gives no deadline.
const (
	defaultTimeout = 30 * time.Second
	lastingTimeout = 30 * time.Minute
)

// reach says what a method reaches for a client of one department.
type reach int

const (
	// everywhere: every client with the scope gets the same. It tells nothing of a department, or holds for a person wherever it is recorded.
	everywhere reach = iota + 1
	// department: a client of one department reaches the channels, clients or parts of that department. The service holds it to that.
	department
	// whole: it acts on the whole store or shows it, so it needs a client of all departments.
	whole
)

// method is what holds for the calls of one method.
type method struct {
	scopes  []access.Scope // the caller has one of them; none: any client may call it
	reach   reach
	open    bool          // needs no key
	foreign bool          // it comes with gRPC: its messages have no rules, and its statuses are its own
	blocks  bool          // it may record what only blocks, which what is wrong with its evidence alone never stops
	quiet   bool          // a call that succeeds is logged on level debug only, for there are very many
	limit   int           // of the message, in bytes
	shape   *shape        // of the message
	timeout time.Duration // of a unary call without a deadline
}

func needs(reach reach, scopes ...access.Scope) method {
	return method{scopes: scopes, reach: reach, limit: DefaultMessage, timeout: defaultTimeout}
}

// batch is a method with a message that may be large.
func (m method) batch() method {
	m.limit, m.timeout = MaxMessage, handler.BatchTimeout
	return m
}

// long is a method that may work through many events.
func (m method) long() method {
	m.timeout = handler.BatchTimeout
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

// blocking is a method that may record what only blocks.
func (m method) blocking() method {
	m.blocks = true
	return m
}

// allows returns an error unless a client may call the method of the full name.
func (m *method) allows(c *access.Caller, fullName string) error {
	name := fullName[strings.LastIndexByte(fullName, '/')+1:]
	switch {
	case len(m.scopes) > 0 && !c.Has(m.scopes...):
		return fault.Errorf(fault.ScopeMissing, "", "%s needs %s, which the client %s does not have", name, scopeList(m.scopes), c.ID)
	case m.reach == whole && !c.AllDepartments:
		return fault.Errorf(fault.OtherDepartment, "",
			"%s reaches every department, and the client %s belongs to the department %s; only a client of all departments may call it", name,
			c.ID, c.Department)
	default:
		return nil
	}
}

// methods returns the row of every method by its full name. Where several scopes stand, what the call is about decides which
// of them it needs; the service holds it to that.
func methods() map[string]method {
	table := map[string]method{
		assentv1.ConsentService_CheckConsent_FullMethodName:       needs(department, access.ScopeCheck).often(),
		assentv1.ConsentService_VerifyReceipt_FullMethodName:      needs(department, access.ScopeCheck, access.ScopeRead, access.ScopeExport),
		assentv1.ConsentService_BatchCheckConsent_FullMethodName:  needs(department, access.ScopeCheck).often().batch(),
		assentv1.ConsentService_StreamCheckConsent_FullMethodName: needs(department, access.ScopeCheck).often().batch(),
		assentv1.ConsentService_RequestConsent_FullMethodName:     needs(department, access.ScopeRecord),
		assentv1.ConsentService_ConfirmConsent_FullMethodName:     needs(department, access.ScopeRecord),
		assentv1.ConsentService_GrantConsent_FullMethodName:       needs(department, access.ScopeRecord),
		assentv1.ConsentService_WithdrawConsent_FullMethodName:    needs(everywhere, access.ScopeRecord, access.ScopeSuppress).blocking(),
		assentv1.ConsentService_BatchRecordEvents_FullMethodName: needs(
			department, access.ScopeRecord, access.ScopeSuppress, access.ScopeLift, access.ScopeErase).batch().blocking(),
		assentv1.ConsentService_LookupRecipient_FullMethodName: needs(department, access.ScopeRead),

		assentv1.SuppressionService_CreateSuppression_FullMethodName: needs(everywhere, access.ScopeSuppress).blocking(),
		assentv1.SuppressionService_LiftSuppression_FullMethodName:   needs(department, access.ScopeSuppress, access.ScopeLift),

		assentv1.HistoryService_SearchHistory_FullMethodName:     needs(department, access.ScopeRead),
		assentv1.HistoryService_ListDisclosures_FullMethodName:   needs(department, access.ScopeRead, access.ScopeExport),
		assentv1.HistoryService_ExportHistory_FullMethodName:     needs(department, access.ScopeExport),
		assentv1.HistoryService_EraseRecipient_FullMethodName:    needs(everywhere, access.ScopeErase).blocking(),
		assentv1.HistoryService_MoveRecipient_FullMethodName:     needs(whole, access.ScopeErase),
		assentv1.HistoryService_VoidEvents_FullMethodName:        needs(whole, access.ScopeErase).long(),
		assentv1.HistoryService_LinkRecipients_FullMethodName:    needs(whole, access.ScopeErase),
		assentv1.HistoryService_UnlinkRecipients_FullMethodName:  needs(whole, access.ScopeErase),
		assentv1.HistoryService_PlaceLegalHold_FullMethodName:    needs(whole, access.ScopeErase),
		assentv1.HistoryService_ReleaseLegalHold_FullMethodName:  needs(whole, access.ScopeErase),
		assentv1.HistoryService_ListErasedReturns_FullMethodName: needs(whole, access.ScopeErase),
		assentv1.HistoryService_ListReaders_FullMethodName:       needs(whole, access.ScopeErase, access.ScopeExport).long(),
		assentv1.HistoryService_ListClaims_FullMethodName:        needs(whole, access.ScopeErase),

		assentv1.CatalogService_GetCatalog_FullMethodName: needs(
			everywhere, access.ScopeCatalog, access.ScopeCheck, access.ScopeRead, access.ScopeRecord, access.ScopeSuppress),
		assentv1.CatalogService_ApplyCatalog_FullMethodName: needs(department, access.ScopeCatalog),

		assentv1.LedgerService_GetCheckpoint_FullMethodName:    needs(everywhere, access.ScopeRead, access.ScopeExport),
		assentv1.LedgerService_AddCosignatures_FullMethodName:  needs(whole, access.ScopeRead, access.ScopeExport),
		assentv1.LedgerService_ProveEntry_FullMethodName:       needs(whole, access.ScopeRead, access.ScopeExport),
		assentv1.LedgerService_ProveConsistency_FullMethodName: needs(everywhere, access.ScopeRead, access.ScopeExport),

		assentv1.RetentionService_RunRetention_FullMethodName: needs(whole, access.ScopeErase).lasting(),

		assentv1.ClientService_CreateClient_FullMethodName: needs(department, access.ScopeClients),
		assentv1.ClientService_GetCaller_FullMethodName:    needs(everywhere),
		assentv1.ClientService_ListClients_FullMethodName:  needs(department, access.ScopeClients),
		assentv1.ClientService_RotateClient_FullMethodName: needs(department, access.ScopeClients),
		assentv1.ClientService_RevokeClient_FullMethodName: needs(department, access.ScopeClients),
	}
	for _, more := range []map[string]method{
		methodsOfFeed(), methodsOfImports(), methodsOfSources(), methodsOfSends(), methodsOfContacts(), methodsOfLists(), methodsOfIntake(), methodsOfCases(), methodsOfGRPC(),
	} {
		maps.Copy(table, more)
	}
	known := shapes{}
	for name, row := range table {
		row.shape = known.ofMethod(name)
		table[name] = row
	}
	return table
}

// methodsOfFeed returns the rows of the change feed and of what is made of it.
func methodsOfFeed() map[string]method {
	return map[string]method{
		assentv1.FeedService_ListChanges_FullMethodName:        needs(department, access.ScopeFeed).often(),
		assentv1.FeedService_WatchChanges_FullMethodName:       needs(department, access.ScopeFeed),
		assentv1.FeedService_ExportSuppressions_FullMethodName: needs(department, access.ScopeFeed),
		assentv1.FeedService_ExportBlockList_FullMethodName:    needs(department, access.ScopeFeed),

		assentv1.ConsumerService_CreateConsumer_FullMethodName: needs(department, access.ScopeClients),
		assentv1.ConsumerService_GetConsumer_FullMethodName:    needs(department, access.ScopeClients, access.ScopeFeed),
		assentv1.ConsumerService_ListConsumers_FullMethodName:  needs(department, access.ScopeClients, access.ScopeFeed),
		assentv1.ConsumerService_RevokeConsumer_FullMethodName: needs(department, access.ScopeClients),

		assentv1.WebhookService_CreateWebhook_FullMethodName:       needs(department, access.ScopeClients),
		assentv1.WebhookService_GetWebhook_FullMethodName:          needs(department, access.ScopeClients, access.ScopeFeed),
		assentv1.WebhookService_ListWebhooks_FullMethodName:        needs(department, access.ScopeClients, access.ScopeFeed),
		assentv1.WebhookService_UpdateWebhook_FullMethodName:       needs(department, access.ScopeClients),
		assentv1.WebhookService_DeleteWebhook_FullMethodName:       needs(department, access.ScopeClients),
		assentv1.WebhookService_RotateWebhookSecret_FullMethodName: needs(department, access.ScopeClients),
		assentv1.WebhookService_TestWebhook_FullMethodName:         needs(department, access.ScopeClients),
		assentv1.WebhookService_ListDeliveries_FullMethodName:      needs(department, access.ScopeClients, access.ScopeFeed),
		assentv1.WebhookService_ReplayDeliveries_FullMethodName:    needs(department, access.ScopeClients),
	}
}

// methodsOfSources returns the rows of the accounts of providers. Whether the complaints of one count is an officer's to say.
func methodsOfSources() map[string]method {
	return map[string]method{
		assentv1.SourceService_CreateSource_FullMethodName:       needs(department, access.ScopeClients),
		assentv1.SourceService_GetSource_FullMethodName:          needs(department, access.ScopeClients, access.ScopeLift),
		assentv1.SourceService_ListSources_FullMethodName:        needs(department, access.ScopeClients, access.ScopeLift),
		assentv1.SourceService_UpdateSource_FullMethodName:       needs(department, access.ScopeClients),
		assentv1.SourceService_RotateSourceSecret_FullMethodName: needs(department, access.ScopeClients),
		assentv1.SourceService_DeleteSource_FullMethodName:       needs(department, access.ScopeClients),
		assentv1.SourceService_HoldSource_FullMethodName:         needs(department, access.ScopeLift),
		assentv1.SourceService_ReleaseSource_FullMethodName:      needs(department, access.ScopeLift),
	}
}

// methodsOfSends returns the rows of sends. A client that sends, records or answers for it sees what all departments plan; the scope sends plans and
// comments; whether a send goes out over an objection is an officer's to say.
func methodsOfSends() map[string]method {
	readers := needs(everywhere, access.ScopeSends, access.ScopeCheck, access.ScopeRecord, access.ScopeRead, access.ScopeLift)
	calendars := readers
	calendars.reach = department
	return map[string]method{
		assentv1.SendService_CreateSend_FullMethodName:         needs(department, access.ScopeSends),
		assentv1.SendService_GetSend_FullMethodName:            readers,
		assentv1.SendService_ListSends_FullMethodName:          readers,
		assentv1.SendService_UpdateSend_FullMethodName:         needs(department, access.ScopeSends),
		assentv1.SendService_CommentSend_FullMethodName:        needs(everywhere, access.ScopeSends, access.ScopeLift),
		assentv1.SendService_ClearSend_FullMethodName:          needs(department, access.ScopeLift),
		assentv1.SendService_CancelSend_FullMethodName:         needs(department, access.ScopeSends, access.ScopeLift),
		assentv1.SendService_StartSend_FullMethodName:          needs(department, access.ScopeSends),
		assentv1.SendService_FinishSend_FullMethodName:         needs(department, access.ScopeSends),
		assentv1.SendService_PreviewSend_FullMethodName:        needs(department, access.ScopeSends).batch(),
		assentv1.SendService_CreateSendCalendar_FullMethodName: calendars,
		assentv1.SendService_ListSendCalendars_FullMethodName:  calendars,
		assentv1.SendService_RevokeSendCalendar_FullMethodName: calendars,
	}
}

// methodsOfImports returns the rows of the lists that come in. What a row of such a list says needs the scope of its kind as well.
func methodsOfImports() map[string]method {
	return map[string]method{
		assentv1.ImportService_CreateImport_FullMethodName: needs(department, access.ScopeRecord, access.ScopeSuppress),
		assentv1.ImportService_UploadImport_FullMethodName: needs(department, access.ScopeRecord, access.ScopeSuppress),
		assentv1.ImportService_GetImport_FullMethodName:    needs(department, access.ScopeRecord, access.ScopeSuppress, access.ScopeRead),
		assentv1.ImportService_ListImports_FullMethodName:  needs(department, access.ScopeRecord, access.ScopeSuppress, access.ScopeRead),
		assentv1.ImportService_UndoImport_FullMethodName:   needs(whole, access.ScopeErase).lasting(),
	}
}

// methodsOfLists returns the rows of external lists.
func methodsOfLists() map[string]method {
	return map[string]method{
		assentv1.ExternalListService_CreateExternalList_FullMethodName:          needs(whole, access.ScopeSuppress),
		assentv1.ExternalListService_GetExternalList_FullMethodName:             needs(everywhere, access.ScopeRead, access.ScopeSuppress),
		assentv1.ExternalListService_ListExternalLists_FullMethodName:           needs(everywhere, access.ScopeRead, access.ScopeSuppress),
		assentv1.ExternalListService_UploadExternalListVersion_FullMethodName:   needs(whole, access.ScopeSuppress),
		assentv1.ExternalListService_ExportExternalListQuestions_FullMethodName: needs(whole, access.ScopeFeed),
		assentv1.ExternalListService_ActivateExternalListVersion_FullMethodName: needs(whole, access.ScopeSuppress).long(),
	}
}

// methodsOfIntake returns the rows of what comes back. What a mail proves is recorded whatever the department of the client.
func methodsOfIntake() map[string]method {
	return map[string]method{
		assentv1.IntakeService_SubmitMail_FullMethodName:  needs(department, access.ScopeSuppress).batch(),
		assentv1.IntakeService_ListHints_FullMethodName:   needs(department, access.ScopeLift, access.ScopeSuppress),
		assentv1.IntakeService_GetHint_FullMethodName:     needs(department, access.ScopeLift, access.ScopeSuppress),
		assentv1.IntakeService_AcceptHint_FullMethodName:  needs(department, access.ScopeLift, access.ScopeSuppress),
		assentv1.IntakeService_DismissHint_FullMethodName: needs(department, access.ScopeLift, access.ScopeSuppress),
	}
}

// methodsOfContacts returns the rows of what became of messages of sends. What may ask before it sends may say what it sent.
func methodsOfContacts() map[string]method {
	return map[string]method{
		assentv1.ContactService_ReportSent_FullMethodName:      needs(department, access.ScopeCheck),
		assentv1.ContactService_BatchReportSent_FullMethodName: needs(department, access.ScopeCheck).batch(),
	}
}

// methodsOfCases returns the rows of cases and of what desks are told. A client of one department works on the cases of that department's desk.
func methodsOfCases() map[string]method {
	return map[string]method{
		assentv1.CaseService_OpenCase_FullMethodName:       needs(department, access.ScopeCases),
		assentv1.CaseService_GetCase_FullMethodName:        needs(department, access.ScopeCases),
		assentv1.CaseService_ListCases_FullMethodName:      needs(department, access.ScopeCases),
		assentv1.CaseService_AssignCase_FullMethodName:     needs(department, access.ScopeCases),
		assentv1.CaseService_ResubmitCase_FullMethodName:   needs(department, access.ScopeCases),
		assentv1.CaseService_ExtendCase_FullMethodName:     needs(department, access.ScopeCases),
		assentv1.CaseService_CommentCase_FullMethodName:    needs(department, access.ScopeCases),
		assentv1.CaseService_HandOverCase_FullMethodName:   needs(department, access.ScopeCases),
		assentv1.CaseService_CloseCase_FullMethodName:      needs(department, access.ScopeCases),
		assentv1.CaseService_ReopenCase_FullMethodName:     needs(department, access.ScopeCases),
		assentv1.CaseService_DraftAnswer_FullMethodName:    needs(department, access.ScopeCases),
		assentv1.CaseService_GetCaseFigures_FullMethodName: needs(department, access.ScopeCases),
		assentv1.CaseService_ListDesks_FullMethodName:      needs(department, access.ScopeCases),
		assentv1.CaseService_CreateAbsence_FullMethodName:  needs(department, access.ScopeCases),
		assentv1.CaseService_ListAbsences_FullMethodName:   needs(department, access.ScopeCases),
		assentv1.CaseService_DeleteAbsence_FullMethodName:  needs(department, access.ScopeCases),

		assentv1.NoticeService_ListNotices_FullMethodName: needs(department, access.ScopeCases),
	}
}

// methodsOfGRPC returns the rows of the services that gRPC itself brings.
func methodsOfGRPC() map[string]method {
	free := method{open: true, reach: everywhere, foreign: true, quiet: true, limit: openMessage, timeout: defaultTimeout}
	return map[string]method{
		grpc_health_v1.Health_Check_FullMethodName: free,
		grpc_health_v1.Health_List_FullMethodName:  free,
		grpc_health_v1.Health_Watch_FullMethodName: free,

		reflectionv1.ServerReflection_ServerReflectionInfo_FullMethodName:      needs(everywhere).fromGRPC(),
		reflectionv1alpha.ServerReflection_ServerReflectionInfo_FullMethodName: needs(everywhere).fromGRPC(),
	}
}

// check refuses a message of the method that breaks a rule of the protos; those of other services have none.
func (m method) check(by handler.Validation, message any) error {
	if m.foreign {
		return nil
	}
	return by.Message(message)
}

func scopeList(scopes []access.Scope) string {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = string(s)
	}
	if len(names) == 1 {
		return "the scope " + names[0]
	}
	return "one of the scopes " + strings.Join(names, ", ")
}
