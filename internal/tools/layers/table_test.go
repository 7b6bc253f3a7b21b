package layers

// module is the path of this module; all paths in the tables are below it.
const module = "github.com/assent-io/assent/"

// allowed lists every package of the module with the packages of the module that it imports. Each row is exact: what it lacks the package
// may not import, and what it names the package does import. Rows stand from the programs down to what imports nothing, so an arrow always
// points down. A package without a row fails the test, so that each new one is given its place on purpose. Test files are free to import
// what they like.
func allowed() map[string][]string {
	return map[string][]string{
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
			"internal/cli/sources", "internal/cli/cases", "internal/cli/terminal", "internal/cli/tour", "internal/cli/value", "internal/cli/watch",
			"internal/cli/webhooks", "internal/config", "internal/consent", "internal/dossier", "internal/duty", "internal/heapfloor",
			"internal/ledger", "internal/listfile", "internal/locale", "internal/nearest", "internal/phrase", "internal/receipt", "internal/rest",
			"internal/scenario", "internal/seal", "internal/server", "internal/service/audit", "internal/telemetry",
		},

		"internal/server": {
			"api/assent/v1", "internal/atomicfile", "internal/certificate", "internal/config", "internal/consent", "internal/consent/codec",
			"internal/fault", "internal/follow", "internal/index", "internal/kept", "internal/ledger", "internal/lmtp", "internal/rest",
			"internal/rpc", "internal/rpc/handler", "internal/seal", "internal/server/connlimit", "internal/server/keyfile", "internal/server/writing", "internal/service",
			"internal/service/access", "internal/service/administration", "internal/service/audit", "internal/service/changes",
			"internal/service/checkpoint", "internal/service/env", "internal/service/export", "internal/service/imports", "internal/service/intake",
			"internal/service/recipient", "internal/service/rights", "internal/service/sources", "internal/service/webhooks", "internal/storage",
			"internal/storage/postgres", "internal/storage/sqlite", "internal/storage/tables", "internal/telemetry", "internal/web/hooks",
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
			"internal/service/cases/tally", "internal/service/notices", "internal/service/txn",
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
		"internal/service": {
			"internal/address", "internal/consent", "internal/ledger", "internal/seal", "internal/service/access",
			"internal/service/administration", "internal/service/asof", "internal/service/audit", "internal/service/cases",
			"internal/service/changes", "internal/service/check", "internal/service/checkpoint", "internal/service/consumers",
			"internal/service/contacts", "internal/service/disclosure", "internal/service/env", "internal/service/erased",
			"internal/service/export", "internal/service/extlists", "internal/service/imports", "internal/service/intake",
			"internal/service/mailboxes", "internal/service/notices", "internal/service/receipts", "internal/service/recipient",
			"internal/service/recipient/concerns", "internal/service/record", "internal/service/reference", "internal/service/retention",
			"internal/service/rights", "internal/service/sends", "internal/service/sources", "internal/service/txn", "internal/service/undo",
			"internal/service/webhooks", "internal/storage",
		},
		"internal/service/contacts": {
			"internal/address", "internal/campaign", "internal/catalog", "internal/consent", "internal/consent/operational", "internal/fault", "internal/period",
			"internal/service/env", "internal/service/reference", "internal/service/subjects", "internal/service/txn", "internal/storage",
			"internal/storage/tables/sendtable",
		},
		"internal/service/sends": {
			"internal/address", "internal/campaign", "internal/catalog", "internal/consent", "internal/consent/leaving", "internal/fault",
			"internal/icalendar", "internal/period", "internal/pipeline", "internal/seal", "internal/service/access", "internal/service/check",
			"internal/service/contacts", "internal/service/env", "internal/service/reference", "internal/service/ruling", "internal/service/txn",
			"internal/storage/tables/sendtable", "internal/storedtext", "internal/token",
		},
		"internal/service/cases/number": {"internal/fault", "internal/storage/tables/casetable"},
		"internal/service/cases/tally":  {"internal/casework", "internal/consent", "internal/storage/tables/casetable", "internal/wallclock"},
		"internal/service/cases/alarm": {
			"internal/casework", "internal/service/cases/number", "internal/service/notices", "internal/storage/tables/casetable",
		},
		"internal/service/cases/answer": {
			"internal/casework", "internal/catalog", "internal/consent", "internal/dossier/wording", "internal/locale", "internal/service/cases/number",
			"internal/service/check", "internal/storage/tables/casetable",
		},
		"internal/service/cases": {
			"internal/address", "internal/casework", "internal/casework/wish", "internal/catalog", "internal/consent", "internal/consent/statement",
			"internal/fault", "internal/locale", "internal/period", "internal/phrase", "internal/seal", "internal/service/access",
			"internal/service/asof", "internal/service/cases/alarm", "internal/service/cases/answer", "internal/service/cases/number",
			"internal/service/cases/tally", "internal/service/check", "internal/service/env", "internal/service/notices",
			"internal/service/recipient/concerns", "internal/service/reference", "internal/service/ruling", "internal/service/subjects",
			"internal/service/txn", "internal/storage", "internal/storage/tables/casetable", "internal/storedtext", "internal/token",
			"internal/wallclock",
		},
		"internal/service/notices": {
			"internal/consent", "internal/service/access", "internal/service/env", "internal/service/txn", "internal/storage",
			"internal/storage/tables/casetable", "internal/token",
		},
		"internal/service/sources": {
			"internal/catalog", "internal/consent", "internal/fault", "internal/intake", "internal/intake/provider",
			"internal/intake/provider/verify", "internal/seal", "internal/service/access", "internal/service/env", "internal/service/intake",
			"internal/service/reference", "internal/service/txn", "internal/storage", "internal/storage/tables", "internal/token",
			"internal/webhook",
		},
		"internal/service/intake": {
			"internal/address", "internal/casework", "internal/catalog", "internal/consent", "internal/consent/statement", "internal/fault", "internal/intake", "internal/intake/mail", "internal/message", "internal/seal", "internal/service/access", "internal/service/cases",
			"internal/service/env", "internal/service/recipient", "internal/service/reference", "internal/service/subjects", "internal/service/txn",
			"internal/storage", "internal/storage/tables", "internal/token",
		},
		"internal/service/imports": {
			"internal/catalog", "internal/consent", "internal/consent/statement", "internal/fault", "internal/phrase", "internal/pipeline", "internal/presets",
			"internal/seal", "internal/service/access", "internal/service/env", "internal/service/record", "internal/service/reference",
			"internal/service/txn", "internal/service/undo", "internal/storage/tables", "internal/textfile", "internal/token", "internal/toolfile",
		},
		"internal/service/webhooks": {
			"internal/changejson", "internal/consent", "internal/fault", "internal/feed", "internal/seal", "internal/service/access", "internal/service/changes",
			"internal/service/consumers", "internal/service/env", "internal/service/txn", "internal/storage", "internal/storage/tables",
			"internal/token", "internal/webhook",
		},

		"internal/service/export": {
			"internal/address", "internal/catalog", "internal/consent", "internal/consent/timeline", "internal/dossier", "internal/dossier/answer",
			"internal/dossier/machine", "internal/dossier/pdf", "internal/dossier/wording", "internal/fault", "internal/locale", "internal/period",
			"internal/seal", "internal/service/access", "internal/service/asof",
			"internal/service/check", "internal/service/checkpoint", "internal/service/disclosure",
			"internal/service/env", "internal/service/reference", "internal/service/subjects", "internal/storage",
			"internal/storage/tables", "internal/token", "internal/extlist",
		},
		"internal/service/receipts": {
			"internal/address", "internal/consent", "internal/fault", "internal/receipt", "internal/service/access",
			"internal/service/asof", "internal/service/check", "internal/service/env", "internal/service/subjects",
			"internal/storage",
		},
		"internal/service/record": {
			"internal/catalog", "internal/consent", "internal/consent/optin", "internal/consent/statement", "internal/fault", "internal/locale",
			"internal/service/access", "internal/service/check", "internal/service/disclosure", "internal/service/env",
			"internal/service/reference", "internal/service/rights", "internal/service/subjects", "internal/service/txn",
			"internal/storage", "internal/token",
		},

		"internal/service/audit": {
			"internal/consent", "internal/consent/codec", "internal/ledger", "internal/seal", "internal/service/asof",
			"internal/service/checkpoint", "internal/service/env", "internal/service/reference",
			"internal/service/txn", "internal/storage", "internal/storage/tables",
		},
		"internal/service/mailboxes": {
			"internal/address", "internal/consent", "internal/seal", "internal/service/env", "internal/service/subjects", "internal/service/txn",
			"internal/storage", "internal/storage/tables",
		},
		"internal/service/check": {
			"internal/address", "internal/catalog", "internal/consent", "internal/consent/leaving", "internal/consent/operational", "internal/consent/standing", "internal/consent/codec", "internal/fault",
			"internal/follow", "internal/index", "internal/ledger", "internal/receipt", "internal/seal", "internal/service/access",
			"internal/service/asof", "internal/service/checkpoint", "internal/service/contacts", "internal/service/disclosure", "internal/service/env",
			"internal/service/reference", "internal/service/subjects", "internal/service/txn", "internal/storage", "internal/extlist",
		},
		"internal/service/retention": {
			"internal/address", "internal/catalog", "internal/consent", "internal/consent/codec", "internal/consent/usefulness",
			"internal/fault", "internal/period",
			"internal/service/asof", "internal/service/env", "internal/service/reference", "internal/service/rights",
			"internal/service/subjects", "internal/service/txn", "internal/storage", "internal/storage/tables",
		},

		"internal/service/administration": {
			"internal/catalog", "internal/consent", "internal/consent/codec", "internal/fault",
			"internal/service/access", "internal/service/env", "internal/service/reference", "internal/service/txn",
			"internal/storage", "internal/storage/tables", "internal/token",
		},
		"internal/service/erased": {
			"internal/consent", "internal/fault", "internal/service/access", "internal/service/env", "internal/storage/tables",
			"internal/token",
		},
		"internal/service/changes": {
			"internal/address", "internal/catalog", "internal/consent", "internal/extlist", "internal/fault", "internal/feed", "internal/ledger", "internal/period",
			"internal/seal", "internal/service/access", "internal/service/blocklist", "internal/service/cards", "internal/service/checkpoint",
			"internal/service/consumers", "internal/service/disclosure", "internal/service/env", "internal/service/reference",
			"internal/storage", "internal/storage/tables", "internal/token",
		},
		"internal/service/blocklist": {
			"internal/address", "internal/consent", "internal/extlist", "internal/feed", "internal/service/cards", "internal/service/consumers",
			"internal/service/env", "internal/service/subjects", "internal/storage",
		},
		"internal/service/cards": {
			"internal/address", "internal/catalog", "internal/consent", "internal/extlist", "internal/fault", "internal/feed", "internal/seal", "internal/service/asof",
			"internal/service/consumers", "internal/service/env", "internal/service/reference", "internal/service/subjects", "internal/storage",
			"internal/storage/tables", "internal/tlv",
		},
		"internal/service/consumers": {
			"internal/address", "internal/catalog", "internal/consent", "internal/fault", "internal/feed", "internal/seal", "internal/service/access",
			"internal/service/env", "internal/service/txn", "internal/storage", "internal/storage/tables", "internal/token",
			"suppressionfilter",
		},
		"internal/service/checkpoint": {
			"internal/fault", "internal/ledger", "internal/seal", "internal/service/access", "internal/service/env",
			"internal/service/txn", "internal/storage", "internal/storage/tables",
		},
		"internal/service/rights": {
			"internal/address", "internal/catalog", "internal/consent", "internal/consent/standing", "internal/consent/codec",
			"internal/consent/statement", "internal/fault", "internal/kept", "internal/seal",
			"internal/service/access", "internal/service/env", "internal/service/reference",
			"internal/service/subjects", "internal/service/txn", "internal/service/undo", "internal/service/voidcheck", "internal/storage",
			"internal/storage/tables",
		},
		"internal/service/ruling": {"internal/consent", "internal/consent/codec", "internal/seal", "internal/service/txn"},
		"internal/service/undo": {
			"internal/consent", "internal/consent/codec", "internal/fault", "internal/service/access", "internal/service/env",
			"internal/service/txn", "internal/service/voidcheck", "internal/storage", "internal/storage/tables",
		},
		"internal/service/recipient": {
			"internal/address", "internal/casework", "internal/catalog", "internal/consent", "internal/consent/leaving",
			"internal/consent/operational", "internal/consent/optin", "internal/consent/standing", "internal/consent/statement", "internal/fault",
			"internal/period", "internal/seal", "internal/service/access", "internal/service/asof", "internal/service/env",
			"internal/service/recipient/concerns", "internal/service/record", "internal/service/reference", "internal/service/subjects",
			"internal/service/txn", "internal/storage", "internal/token",
		},
		"internal/service/recipient/concerns": {
			"internal/address", "internal/campaign", "internal/casework", "internal/catalog", "internal/consent", "internal/fault", "internal/period",
			"internal/service/contacts", "internal/service/txn", "internal/wallclock",
		},
		"internal/service/voidcheck": {
			"internal/address", "internal/catalog", "internal/consent", "internal/consent/usefulness", "internal/fault",
			"internal/service/env", "internal/service/subjects", "internal/service/txn", "internal/storage",
		},

		"internal/changejson": {},
		"internal/cli/watch":  {"api/assent/v1", "internal/changejson", "internal/cli/connect", "internal/cli/terminal", "internal/cli/value"},
		"internal/cli/kit":    {"internal/cli/connect", "internal/cli/terminal"},
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
		"internal/service/disclosure": {
			"internal/catalog", "internal/consent", "internal/service/access", "internal/service/asof",
			"internal/service/env", "internal/service/subjects", "internal/storage", "internal/storage/tables",
			"internal/token",
		},
		"internal/service/txn": {
			"internal/address", "internal/catalog", "internal/consent", "internal/consent/codec",
			"internal/consent/statement", "internal/fault", "internal/ledger", "internal/seal",
			"internal/service/access", "internal/service/asof", "internal/service/env", "internal/service/reference",
			"internal/service/restated", "internal/service/subjects", "internal/storage", "internal/storage/tables", "internal/storedtext", "internal/tlv",
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
		"internal/service/asof": {
			"internal/catalog", "internal/consent", "internal/consent/codec", "internal/fault", "internal/service/access",
			"internal/service/env", "internal/service/reference", "internal/service/subjects", "internal/storage",
			"internal/storage/tables", "internal/tlv", "internal/address", "internal/extlist",
		},

		"internal/cli/terminal": {"api/assent/v1", "internal/cli/value", "internal/listfile", "internal/phrase", "internal/textfile"},
		"internal/service/access": {
			"internal/catalog", "internal/consent", "internal/fault", "internal/service/env", "internal/storage",
			"internal/storage/tables",
		},
		"internal/service/restated": {"internal/consent", "internal/storage", "internal/storage/tables"},
		"internal/service/reference": {
			"internal/catalog", "internal/consent", "internal/fault", "internal/service/env", "internal/storage", "internal/extlist", "internal/consent/codec", "internal/storage/tables",
		},
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
		"internal/testkit/browser": {"internal/testkit"},
		"internal/testkit/testdb":  {"internal/testkit"},

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
			"internal/address", "internal/campaign", "internal/catalog", "internal/consent", "internal/consent/codec", "internal/consent/leaving",
			"internal/consent/operational", "internal/consent/statement", "internal/extlist", "internal/fault", "internal/period", "internal/timetext", "internal/yamltext",
		},
		"internal/service/extlists": {
			"internal/address", "internal/catalog", "internal/consent", "internal/consent/codec", "internal/extlist", "internal/fault", "internal/period",
			"internal/service/cards", "internal/service/consumers", "internal/service/disclosure", "internal/service/access", "internal/service/env", "internal/service/reference", "internal/service/txn",
			"internal/storage/tables", "internal/storage", "internal/storedtext", "internal/token",
		},
		"internal/extlist": {"internal/address", "internal/consent"},
		"internal/service/env": {
			"internal/consent", "internal/consent/codec", "internal/consent/statement", "internal/fault", "internal/seal",
			"internal/storage",
		},
		"internal/service/subjects": {
			"internal/address", "internal/consent", "internal/fault", "internal/seal", "internal/storage",
		},
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
			"internal/address", "internal/catalog/document", "internal/catalog/problem", "internal/period",
			"internal/timetext", "internal/wallclock", "internal/yamltext",
		},
		"internal/catalog/problem":   {},
		"internal/catalog/document":  {"internal/yamltext"},
		"internal/catalog/prose":     {},
		"internal/campaign":          {"internal/period", "internal/wallclock"},
		"internal/casework":          {"internal/casework/holiday", "internal/casework/worktime", "internal/period", "internal/wallclock"},
		"internal/casework/wish":     {"internal/casework"},
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
}
