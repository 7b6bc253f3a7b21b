package layers

// allowedUseCases returns the rows of the use cases and of what these share, in the order of [allowed].
func allowedUseCases() map[string][]string {
	return map[string][]string{
		"internal/service": {
			"internal/address", "internal/consent", "internal/ledger", "internal/seal", "internal/service/access",
			"internal/service/administration", "internal/service/asof", "internal/service/audit", "internal/service/cases",
			"internal/service/cases/absences", "internal/service/cases/figures",
			"internal/service/changes", "internal/service/check", "internal/service/checkpoint", "internal/service/consumers",
			"internal/service/contacts", "internal/service/disclosure", "internal/service/env", "internal/service/erased",
			"internal/service/export", "internal/service/extlists", "internal/service/imports", "internal/service/intake",
			"internal/service/mailboxes", "internal/service/noticemail", "internal/service/notices", "internal/service/receipts", "internal/service/recipient",
			"internal/service/recipient/concerns", "internal/service/record", "internal/service/reference", "internal/service/retention",
			"internal/service/rights", "internal/service/sends", "internal/service/sources", "internal/service/txn", "internal/service/undo",
			"internal/service/webhooks", "internal/storage",
		},
		"internal/service/noticemail": {
			"internal/casework", "internal/catalog", "internal/consent", "internal/dossier/wording", "internal/locale", "internal/mailer",
			"internal/service/access", "internal/service/cases/alarm", "internal/casework/desks", "internal/service/cases/number",
			"internal/service/env", "internal/service/notices", "internal/service/reference", "internal/service/txn", "internal/storage",
			"internal/storage/tables/casetable", "internal/storage/tables/sendtable",
		},
		"internal/service/contacts": {
			"internal/address", "internal/campaign", "internal/casework", "internal/catalog", "internal/consent", "internal/consent/operational",
			"internal/fault", "internal/period", "internal/seal", "internal/service/env", "internal/service/reference", "internal/service/subjects",
			"internal/service/txn", "internal/storage", "internal/storage/tables/sendtable",
		},
		"internal/service/sends": {
			"internal/service/notices",
			"internal/address", "internal/campaign", "internal/catalog", "internal/consent", "internal/consent/leaving", "internal/fault",
			"internal/icalendar", "internal/period", "internal/pipeline", "internal/seal", "internal/service/access", "internal/service/check",
			"internal/service/contacts", "internal/service/env", "internal/service/reference", "internal/service/ruling", "internal/service/txn",
			"internal/storage/tables/casetable", "internal/storage/tables/sendtable", "internal/storedtext", "internal/token",
		},
		"internal/service/cases/figures": {
			"internal/casework", "internal/casework/desks", "internal/catalog", "internal/consent", "internal/fault", "internal/service/access",
			"internal/service/cases/reach", "internal/service/cases/tally", "internal/service/env", "internal/service/reference",
			"internal/storage/tables/casetable",
		},
		"internal/service/cases/absences": {
			"internal/casework", "internal/casework/desks", "internal/catalog", "internal/consent", "internal/fault", "internal/service/access",
			"internal/service/cases/reach", "internal/service/env", "internal/service/txn", "internal/storage/tables/casetable", "internal/token",
		},
		"internal/service/cases/sealed": {"internal/address", "internal/casework", "internal/consent", "internal/seal", "internal/storage/tables/casetable", "internal/storedtext"},
		"internal/service/cases/number": {
			"internal/fault", "internal/service/txn", "internal/storage/tables/casetable",
		},
		"internal/service/cases/tally": {"internal/casework", "internal/consent", "internal/storage/tables/casetable", "internal/wallclock"},
		"internal/service/cases/reach": {"internal/service/access"},
		"internal/service/cases/alarm": {
			"internal/casework", "internal/service/cases/number", "internal/service/notices", "internal/storage/tables/casetable",
		},
		"internal/service/cases/answer": {
			"internal/casework", "internal/catalog", "internal/consent", "internal/dossier/wording", "internal/locale", "internal/service/cases/number",
			"internal/service/check", "internal/storage/tables/casetable",
		},
		"internal/service/cases": {
			"internal/address", "internal/casework", "internal/casework/desks", "internal/casework/wish", "internal/catalog", "internal/consent",
			"internal/consent/statement", "internal/fault", "internal/locale", "internal/period", "internal/phrase", "internal/service/access",
			"internal/service/asof", "internal/service/cases/absences", "internal/service/cases/alarm", "internal/service/cases/answer",
			"internal/service/cases/figures", "internal/service/cases/number", "internal/service/cases/reach", "internal/service/cases/sealed",
			"internal/service/check", "internal/service/env", "internal/service/notices", "internal/service/recipient/concerns",
			"internal/service/reference", "internal/service/ruling", "internal/service/subjects", "internal/service/txn", "internal/storage",
			"internal/storage/tables/casetable", "internal/token", "internal/wallclock",
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
			"internal/storage/tables", "internal/token", "internal/extlist", "internal/service/cases", "internal/service/contacts",
			"internal/storage/tables/sendtable",
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
		"internal/service/asof": {
			"internal/catalog", "internal/consent", "internal/consent/codec", "internal/fault", "internal/service/access",
			"internal/service/env", "internal/service/reference", "internal/service/subjects", "internal/storage",
			"internal/storage/tables", "internal/tlv", "internal/address", "internal/extlist",
		},
		"internal/service/access": {
			"internal/catalog", "internal/consent", "internal/fault", "internal/service/env", "internal/storage",
			"internal/storage/tables",
		},
		"internal/service/restated": {"internal/consent", "internal/storage", "internal/storage/tables"},
		"internal/service/reference": {
			"internal/catalog", "internal/consent", "internal/fault", "internal/service/env", "internal/storage", "internal/extlist", "internal/consent/codec", "internal/storage/tables",
		},
		"internal/service/extlists": {
			"internal/address", "internal/catalog", "internal/consent", "internal/consent/codec", "internal/extlist", "internal/fault", "internal/period",
			"internal/service/cards", "internal/service/consumers", "internal/service/disclosure", "internal/service/access", "internal/service/env", "internal/service/reference", "internal/service/txn",
			"internal/storage/tables", "internal/storage", "internal/storedtext", "internal/token",
		},
		"internal/service/env": {
			"internal/consent", "internal/consent/codec", "internal/consent/statement", "internal/fault", "internal/seal",
			"internal/storage",
		},
		"internal/service/subjects": {
			"internal/address", "internal/consent", "internal/fault", "internal/seal", "internal/storage",
		},
	}
}
