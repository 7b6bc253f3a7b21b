package layers

import "maps"

// module is the path of this module; all paths in the tables are below it.
const module = "github.com/assent-io/assent/"

// allowed lists every package of the module with the packages of the module that it imports. Each row is exact: what it lacks the package
// may not import, and what it names the package does import. Rows stand from the programs down to what imports nothing, so an arrow always
// points down. A package without a row fails the test, so that each new one is given its place on purpose. Test files are free to import
// what they like.
func allowed() map[string][]string {
	table := map[string][]string{
		"cmd/assent-bench": {"internal/bench/command"},

		"cmd/assent": {"internal/cli"},
		"internal/bench/command": {
			"api/assent/v1", "internal/bench", "internal/bench/persons", "internal/cli", "internal/cli/connect", "internal/cli/terminal",
			"internal/config", "internal/heapfloor", "internal/telemetry",
		},

		"internal/bench": {
			"api/assent/v1", "client", "client/follower", "examples", "internal/address", "internal/bench/bare", "internal/bench/broadcast", "internal/bench/oneclick", "internal/bench/persons", "internal/config", "internal/rpc", "internal/seal",
			"internal/server", "internal/service/administration", "internal/telemetry", "suppressionfilter",
		},
		"internal/cli": {
			"api/assent/v1", "client", "examples", "internal/atomicfile", "internal/catalog", "internal/cli/bulk", "internal/cli/connect",
			"internal/cli/consumers", "internal/cli/eventtext", "internal/cli/extlists", "internal/cli/failure", "internal/cli/gather",
			"internal/cli/imports", "internal/cli/intake", "internal/cli/kit", "internal/cli/lists", "internal/cli/pages", "internal/cli/sends",
			"internal/cli/sources", "internal/cli/cases", "internal/cli/story", "internal/cli/terminal", "internal/cli/tour", "internal/cli/value", "internal/cli/watch",
			"internal/cli/webhooks", "internal/config", "internal/consent", "internal/dossier", "internal/duty", "internal/heapfloor",
			"internal/ledger", "internal/listfile", "internal/locale", "internal/nearest", "internal/phrase", "internal/receipt", "internal/rest",
			"internal/scenario", "internal/seal", "internal/server", "internal/service/audit", "internal/telemetry",
		},

		"internal/server": {
			"api/assent/v1", "internal/atomicfile", "internal/certificate", "internal/config", "internal/consent", "internal/consent/codec",
			"internal/fault", "internal/follow", "internal/index", "internal/kept", "internal/ledger", "internal/lmtp", "internal/mailer", "internal/rest",
			"internal/rpc", "internal/rpc/handler", "internal/seal", "internal/server/connlimit", "internal/server/keyfile", "internal/server/writing", "internal/service",
			"internal/service/access", "internal/service/administration", "internal/service/audit", "internal/service/changes",
			"internal/service/checkpoint", "internal/service/env", "internal/service/export", "internal/service/imports", "internal/service/intake",
			"internal/service/noticemail", "internal/service/recipient", "internal/service/rights", "internal/service/sources",
			"internal/service/webhooks", "internal/storage", "internal/storage/postgres", "internal/storage/sqlite", "internal/storage/tables", "internal/telemetry", "internal/web/hooks",
			"internal/web/recipient", "internal/web/sendcalendar", "internal/web/translation", "internal/webhook",
		},
		"internal/server/connlimit": {"internal/fault"},
		"internal/server/keyfile":   {"internal/atomicfile", "internal/seal"},
		"internal/lmtp":             {"internal/fault", "internal/intake/mail", "internal/service/intake"},
		"internal/web/sendcalendar": {"internal/fault"},
		"internal/icalendar":        {},
		"internal/web/hooks":        {"internal/fault", "internal/intake/provider", "internal/intake/provider/verify", "internal/service/sources"},
		"internal/server/writing":   {"internal/consent", "internal/storage", "internal/storage/tables"},

		"internal/rest": {
			"api/assent/v1", "api/openapi", "internal/catalog", "internal/fault", "internal/nearest", "internal/rpc",
			"internal/rpc/contract", "internal/rpc/handler", "internal/timetext", "internal/web/home", "internal/web/recipient",
			"internal/web/sendcalendar",
		},

		"internal/rpc": {
			"api/assent/v1", "internal/fault", "internal/rpc/contactserver", "internal/rpc/feedserver", "internal/rpc/handler",
			"internal/rpc/importserver", "internal/rpc/intakeserver", "internal/rpc/listserver", "internal/rpc/sendserver",
			"internal/rpc/sourceserver", "internal/rpc/webhookserver", "internal/service", "internal/rpc/caseserver", "internal/service/access",
		},

		"internal/rpc/feedserver":   {"api/assent/v1", "internal/address", "internal/consent", "internal/feed", "internal/rpc/handler", "internal/service/changes"},
		"internal/rpc/importserver": {"api/assent/v1", "internal/consent", "internal/fault", "internal/presets", "internal/rpc/handler", "internal/service/imports", "internal/service/undo"},
		"internal/rpc/sendserver": {
			"api/assent/v1", "internal/campaign", "internal/consent", "internal/fault", "internal/pipeline", "internal/rpc/handler",
			"internal/service/sends", "internal/service/txn",
		},
		"internal/rpc/caseserver": {
			"api/assent/v1", "internal/casework", "internal/consent", "internal/rpc/handler", "internal/service/cases",
			"internal/service/cases/absences", "internal/service/cases/figures", "internal/service/cases/tally", "internal/service/notices", "internal/service/txn",
		},
		"internal/rpc/sourceserver": {
			"api/assent/v1", "internal/intake/provider", "internal/rpc/handler", "internal/service/sources", "internal/service/txn",
		},
		"internal/rpc/webhookserver": {"api/assent/v1", "internal/rpc/handler", "internal/service/consumers", "internal/service/txn", "internal/service/webhooks", "internal/webhook"},
		"internal/rpc/contactserver": {"api/assent/v1", "internal/rpc/handler", "internal/service/contacts"},
		"internal/rpc/intakeserver":  {"api/assent/v1", "internal/intake/mail", "internal/rpc/handler", "internal/service/cases", "internal/service/intake"},
		"internal/rpc/listserver": {
			"api/assent/v1", "internal/consent", "internal/extlist", "internal/fault", "internal/rpc/handler", "internal/service/extlists",
		},
		"internal/rpc/handler": {
			"api/assent/v1", "internal/catalog", "internal/consent", "internal/consent/statement", "internal/fault",
			"internal/ledger", "internal/locale", "internal/rpc/contract", "internal/service/access",
			"internal/service/administration", "internal/service/asof", "internal/service/check",
			"internal/service/checkpoint", "internal/service/consumers", "internal/service/disclosure", "internal/service/erased",
			"internal/service/export", "internal/service/receipts",
			"internal/service/recipient", "internal/service/record", "internal/service/retention", "internal/service/rights", "internal/service/txn",
		},
		"internal/rpc/contract": {"api/assent/v1"},

		"internal/changejson": {},
		"internal/cli/watch":  {"api/assent/v1", "internal/changejson", "internal/cli/connect", "internal/cli/terminal", "internal/cli/value"},
		"internal/cli/kit":    {"internal/cli/connect", "internal/cli/terminal"},
		"internal/cli/story":  {"api/assent/v1", "internal/cli/connect", "internal/cli/kit", "internal/cli/value", "internal/listfile", "internal/phrase"},
		"internal/cli/consumers": {
			"api/assent/v1", "internal/atomicfile", "internal/cli/connect", "internal/cli/kit", "internal/cli/terminal", "internal/cli/value",
			"internal/phrase",
		},
		"internal/cli/imports": {
			"api/assent/v1", "internal/cli/connect", "internal/cli/kit", "internal/cli/terminal", "internal/cli/value", "internal/listfile",
			"internal/phrase", "internal/presets", "internal/toolfile",
		},
		"internal/ecgservice":   {},
		"internal/cli/extlists": {"api/assent/v1", "internal/ecgservice", "internal/cli/connect", "internal/cli/kit", "internal/cli/terminal", "internal/cli/value", "internal/phrase"},
		"internal/cli/intake": {
			"api/assent/v1", "internal/cli/connect", "internal/cli/kit", "internal/cli/terminal", "internal/cli/value", "internal/phrase",
		},
		"internal/cli/sends": {
			"api/assent/v1", "internal/campaign", "internal/catalog", "internal/cli/connect", "internal/cli/kit", "internal/cli/terminal",
			"internal/cli/value", "internal/listfile", "internal/phrase", "internal/wallclock",
		},
		"internal/cli/cases": {
			"api/assent/v1", "internal/cli/connect", "internal/cli/kit", "internal/cli/terminal", "internal/cli/value", "internal/phrase",
		},
		"internal/cli/sources": {
			"api/assent/v1", "internal/cli/connect", "internal/cli/kit", "internal/cli/terminal", "internal/cli/value", "internal/phrase",
		},
		"internal/cli/webhooks": {
			"api/assent/v1", "internal/atomicfile", "internal/cli/connect", "internal/cli/kit", "internal/cli/terminal", "internal/cli/value",
			"internal/phrase",
		},
		"internal/cli/bulk": {
			"api/assent/v1", "internal/cli/connect", "internal/cli/terminal", "internal/cli/value", "internal/listfile",
			"internal/locale", "internal/phrase", "internal/pipeline", "internal/table", "internal/textfile",
		},

		"internal/cli/gather": {
			"api/assent/v1", "internal/catalog", "internal/cli/connect", "internal/cli/terminal", "internal/cli/value", "internal/duty",
		},

		"internal/cli/lists": {
			"api/assent/v1", "internal/atomicfile", "internal/cli/connect", "internal/cli/terminal", "internal/nearest",
			"internal/suppressionfile", "internal/suppressionfile/filterform", "suppressionfilter",
		},
		"internal/cli/eventtext": {"api/assent/v1", "internal/cli/value", "internal/consent", "internal/phrase"},

		"internal/cli/failure": {
			"internal/cli/connect", "internal/cli/terminal", "internal/cli/value", "internal/fault", "internal/nearest", "internal/phrase",
		},
		"internal/cli/connect":   {"client", "internal/cli/terminal", "internal/telemetry"},
		"examples/listmonk-sync": {"client", "client/follower"},
		"client/follower": {
			"internal/campaign",
			"api/assent/v1", "client", "internal/address", "internal/atomicfile", "internal/catalog", "internal/consent", "internal/feed",
			"internal/versionmap", "internal/wallclock", "suppressionfilter",
		},
		"client": {"api/assent/v1", "internal/phrase", "internal/secret"},

		"internal/cli/terminal": {"api/assent/v1", "internal/cli/value", "internal/listfile", "internal/phrase", "internal/textfile"},
		"internal/storage/postgres": {
			"internal/consent", "internal/ledger", "internal/storage", "internal/storage/column",
			"internal/storage/records", "internal/storage/schema", "internal/storage/tables", "migrations",
		},
		"internal/storage/sqlite": {
			"internal/consent", "internal/ledger", "internal/storage", "internal/storage/column",
			"internal/storage/records", "internal/storage/schema", "migrations",
		},
		"internal/storage/tables/tablestest": {
			"internal/campaign", "internal/consent", "internal/storage", "internal/storage/storagetest", "internal/storage/tables",
			"internal/storage/tables/sendtable", "internal/storage/tables/casetable",
		},
		"internal/storage/storagetest": {
			"internal/consent", "internal/consent/codec", "internal/ledger", "internal/storage", "internal/storage/tables",
			"internal/testkit",
		},
		"internal/testkit/browser":    {"internal/testkit"},
		"internal/testkit/mailserver": {},
		"internal/testkit/testdb":     {"internal/testkit"},

		"internal/storage/records": {"internal/consent", "internal/ledger", "internal/storage", "internal/storage/column"},
		"internal/storage/tables/casetable": {
			"internal/consent", "internal/storage", "internal/storage/column", "internal/storage/tables/portable",
		},
		"internal/storage/tables/portable": {"internal/storage", "internal/storage/column"},
		"internal/storage/tables/sendtable": {
			"internal/campaign", "internal/consent", "internal/storage", "internal/storage/column", "internal/storage/tables/portable",
		},
		"internal/storage/tables": {"internal/consent", "internal/storage", "internal/storage/column", "internal/storage/tables/portable"},

		"internal/duty": {"internal/catalog", "internal/dossier/wording", "internal/locale", "internal/period"},

		"internal/cli/value": {"api/assent/v1", "internal/listfile", "internal/nearest", "internal/textfile", "internal/timetext"},
		"internal/dossier/machine": {
			"internal/catalog", "internal/consent", "internal/consent/timeline", "internal/dossier", "internal/locale",
		},
		"internal/consent/codec/codectest": {"internal/consent", "internal/consent/codec"},
		"internal/dossier": {
			"internal/consent", "internal/consent/codec", "internal/dossier/wording", "internal/ledger",
			"internal/locale", "internal/period", "internal/timetext",
		},
		"internal/dossier/answer": {
			"internal/catalog", "internal/consent", "internal/dossier", "internal/dossier/paper", "internal/dossier/wording", "internal/locale",
		},
		"internal/dossier/paper":   {},
		"internal/dossier/pdf":     {"internal/dossier/paper"},
		"internal/dossier/wording": {"internal/catalog", "internal/consent", "internal/locale", "internal/period"},
		"internal/index":           {"internal/consent", "internal/follow", "internal/storage"},
		"internal/scenario": {
			"internal/address", "internal/campaign", "internal/casework", "internal/casework/desks", "internal/casework/wish", "internal/catalog", "internal/consent",
			"internal/consent/codec", "internal/consent/leaving", "internal/consent/operational", "internal/consent/statement", "internal/extlist", "internal/fault",
			"internal/intake/mail", "internal/message", "internal/period", "internal/timetext", "internal/yamltext",
		},
		"internal/extlist":        {"internal/address", "internal/consent"},
		"internal/storage/column": {"internal/consent", "internal/consent/codec", "internal/ledger", "internal/storage"},
		"internal/token":          {"internal/seal"},

		"internal/consent/codec": {"internal/catalog", "internal/consent", "internal/consent/facttag", "internal/period", "internal/tlv"},
		"internal/consent/statement": {
			"internal/address", "internal/catalog", "internal/consent", "internal/fault", "internal/storedtext",
		},
		"internal/consent/optin":      {"internal/consent/obligation", "internal/address", "internal/consent"},
		"internal/consent/usefulness": {"internal/catalog", "internal/consent"},
		"internal/consent/operational": {
			"internal/address", "internal/campaign", "internal/consent", "internal/consent/found", "internal/consent/leaving",
		},
		"internal/consent/leaving":  {"internal/consent"},
		"internal/consent/standing": {"internal/consent"},
		"internal/consent/timeline": {"internal/address", "internal/catalog", "internal/consent", "internal/period"},
		"internal/feed":             {"internal/campaign", "internal/catalog", "internal/consent"},
		"internal/follow":           {"internal/ledger", "internal/storage"},
		"internal/kept":             {"internal/consent", "internal/ledger"},
		"internal/listfile": {
			"internal/atomicfile", "internal/catalog", "internal/consent", "internal/nearest", "internal/phrase",
			"internal/table", "internal/textfile", "internal/timetext",
		},
		"internal/pipeline": {},
		"internal/toolfile": {"internal/jsonlist", "internal/presets", "internal/table", "internal/textfile"},
		"internal/presets": {
			"internal/address", "internal/catalog", "internal/consent", "internal/jsonlist", "internal/listtime", "internal/nearest", "internal/table",
			"internal/timetext",
		},
		"internal/jsonlist":                   {"internal/textfile"},
		"internal/listtime":                   {},
		"internal/table":                      {"internal/phrase", "internal/textfile"},
		"internal/suppressionfile/filterform": {"internal/suppressionfile", "suppressionfilter"},
		"internal/suppressionfile":            {"internal/address", "internal/catalog", "internal/consent"},

		"internal/receipt": {"internal/consent", "internal/ledger"},
		"internal/seal":    {"internal/atomicfile", "internal/consent"},
		"internal/storage": {"internal/consent", "internal/ledger", "internal/storedtext"},

		"internal/consent/found":      {},
		"internal/consent/facttag":    {},
		"internal/consent/obligation": {"internal/catalog"},
		"internal/consent": {
			"internal/campaign", "internal/consent/obligation",
			"internal/address", "internal/catalog", "internal/consent/facttag", "internal/consent/found", "internal/fault", "internal/locale", "internal/period",
			"internal/tlv",
		},

		"internal/catalog": {
			"internal/address", "internal/campaign", "internal/casework", "internal/casework/holiday", "internal/casework/worktime", "internal/catalog/document", "internal/catalog/lookalike", "internal/catalog/problem",
			"internal/catalog/prose", "internal/catalog/yamlread", "internal/period", "internal/wallclock", "internal/yamltext",
		},
		"internal/catalog/yamlread": {
			"internal/address", "internal/catalog/document", "internal/catalog/problem", "internal/nearest", "internal/period",
			"internal/timetext", "internal/wallclock", "internal/yamltext",
		},
		"internal/catalog/problem":   {},
		"internal/catalog/document":  {"internal/yamltext"},
		"internal/catalog/prose":     {},
		"internal/campaign":          {"internal/period", "internal/wallclock"},
		"internal/casework":          {"internal/casework/holiday", "internal/casework/worktime", "internal/period", "internal/wallclock"},
		"internal/casework/wish":     {"internal/casework"},
		"internal/casework/desks":    {"internal/casework", "internal/catalog", "internal/fault", "internal/phrase"},
		"internal/casework/holiday":  {"internal/wallclock"},
		"internal/casework/worktime": {"internal/period", "internal/wallclock"},
		"internal/wallclock":         {},
		"internal/catalog/lookalike": {"internal/address", "internal/nearest", "internal/yamltext"},
		"suppressionfilter":          {"internal/address"},

		"internal/bench/bare":      {"internal/config"},
		"internal/bench/broadcast": {"api/assent/v1"},
		"internal/bench/oneclick":  {},
		"internal/bench/persons":   {"api/assent/v1"},
		"internal/certificate":     {"internal/atomicfile"},
		"internal/yamltext":        {"internal/nearest"},

		"internal/openapi/openapitest": {"api/openapi"},
		"internal/tools/openapi":       {"internal/openapi"},
		"internal/web/recipient": {
			"internal/casework", "internal/catalog", "internal/consent", "internal/dossier/wording", "internal/fault", "internal/service/recipient",
			"internal/service/recipient/concerns", "internal/token", "internal/web/page", "internal/web/translation",
		},
		"internal/web/translation": {"internal/catalog", "internal/locale", "internal/yamltext"},
		"internal/web/home":        {"internal/openapi", "internal/web/page"},
		"internal/webhook":         {"internal/fault"},

		"internal/intake/provider/verify": {"internal/fault", "internal/intake/provider", "internal/webhook"},
		"internal/intake/provider":        {"internal/intake", "internal/intake/bounce", "internal/jsonlist"},
		"internal/intake/mail":            {"internal/intake", "internal/intake/bounce", "internal/message"},
		"internal/intake/bounce":          {"internal/intake"},

		"api/assent/v1":            {},
		"api/openapi":              {},
		"examples":                 {},
		"internal/address":         {},
		"internal/atomicfile":      {},
		"internal/versionmap":      {},
		"internal/config":          {"internal/period", "internal/secret"},
		"internal/e2e":             {},
		"internal/fault":           {},
		"internal/heapfloor":       {},
		"internal/intake":          {},
		"internal/ledger":          {},
		"internal/locale":          {},
		"internal/message":         {},
		"internal/cli/pages":       {"internal/cli/kit", "internal/cli/value", "internal/locale", "internal/web/translation"},
		"internal/cli/tour":        {},
		"internal/nearest":         {},
		"internal/openapi":         {},
		"internal/period":          {},
		"internal/phrase":          {},
		"internal/proof":           {},
		"internal/storage/schema":  {},
		"internal/telemetry":       {},
		"internal/mailer":          {"internal/secret"},
		"internal/testkit":         {},
		"internal/secret":          {},
		"internal/storedtext":      {},
		"internal/textfile":        {},
		"internal/timetext":        {},
		"internal/tlv":             {},
		"internal/tools/decisions": {},
		"internal/tools/layers":    {},
		"internal/tools/protodeps": {},
		"internal/web/page":        {},
		"migrations":               {},
	}
	maps.Copy(table, allowedUseCases())
	return table
}
