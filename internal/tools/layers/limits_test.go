package layers

// maxLines is how many lines of hand-written code a package has at most, tests aside: a reader holds it in the head.
const maxLines = 2_500

// largerRooms lists the packages that may be larger, with their limits: the conformance suite of the stores, which is a list of promises,
// and the tree of commands, which is as large as there are commands.
func largerRooms() map[string]int {
	return map[string]int{"internal/storage/storagetest": 4_400, "internal/cli": 5_000}
}

// confined lists packages from outside that only some packages here may
// import, by the beginning of their paths.
func confined() map[string][]string {
	grpc := []string{
		"api/assent/v1", "client", "internal/bench", "internal/bench/broadcast", "internal/bench/command", "internal/cli", "internal/cli/bulk", "internal/cli/connect", "internal/cli/failure", "internal/cli/gather", "internal/cli/story", "internal/cli/terminal", "internal/cli/value", "internal/rest", "internal/rpc", "internal/rpc/contract", "internal/rpc/handler", "internal/server", "internal/server/connlimit", "internal/cli/watch", "internal/rpc/feedserver", "internal/cli/lists", "internal/cli/webhooks", "internal/rpc/webhookserver", "internal/rpc/importserver", "client/follower", "internal/cli/sources", "internal/cli/sends", "internal/rpc/intakeserver", "internal/rpc/contactserver", "internal/rpc/sendserver", "internal/rpc/sourceserver", "internal/rpc/caseserver", "internal/cli/cases", "internal/rpc/listserver", "internal/cli/extlists", "internal/bench/persons",
		"internal/telemetry", "internal/tools/openapi", "internal/tools/protodeps",
	}
	return map[string][]string{
		// An adapter classifies its driver's errors, so that no other package has to.
		"github.com/jackc/":          {"internal/bench/bare", "internal/storage/postgres", "internal/testkit", "internal/testkit/testdb"},
		"modernc.org/":               {"examples/listmonk-sync", "internal/bench/bare", "internal/storage/sqlite"},
		"database/sql":               {"examples/listmonk-sync", "internal/bench/bare", "internal/storage/postgres", "internal/storage/schema", "internal/storage/sqlite"},
		"github.com/golang-migrate/": {"internal/storage/postgres", "internal/storage/schema", "internal/storage/sqlite"},
		// Protos end at the edge; use cases, domain and storage speak plain types.
		"google.golang.org/grpc":     grpc,
		"google.golang.org/protobuf": grpc,
		"google.golang.org/genproto": grpc,
		"github.com/grpc-ecosystem/": grpc,
		"github.com/spf13/":          {"internal/bench/command", "internal/cli", "internal/cli/cases", "internal/cli/connect", "internal/cli/consumers", "internal/cli/failure", "internal/cli/imports", "internal/cli/intake", "internal/cli/sources", "internal/cli/sends", "internal/cli/kit", "internal/cli/lists", "internal/cli/pages", "internal/cli/watch", "internal/cli/webhooks", "internal/config", "internal/cli/extlists"},
		"github.com/tink-crypto/":    {"internal/seal", "internal/token"},
		"github.com/FastFilter/":     {"suppressionfilter"},
		"github.com/emersion/":       {"internal/lmtp", "internal/testkit/mailserver"},
		"github.com/wneessen/":       {"internal/mailer"},
		"github.com/chromedp/":       {"internal/testkit/browser"},
		"testing":                    {"internal/storage/storagetest", "internal/storage/tables/tablestest", "internal/testkit", "internal/testkit/browser", "internal/testkit/mailserver", "internal/testkit/testdb"},
		// This reads in tests the mails that internal/message reads.
		"github.com/jhillyerd/": {},
		// These judge in tests what Assent sends.
		"github.com/arran4/":            {},
		"github.com/cloudevents/":       {},
		"github.com/standard-webhooks/": {},
	}
}

// pure lists the packages that may not know what time it is, where they run or
// which caller waits for them: what they say follows from what they are given.
func pure() []string {
	return []string{
		"internal/address", "internal/campaign", "internal/catalog", "internal/catalog/document", "internal/catalog/lookalike", "internal/catalog/prose", "internal/consent", "internal/consent/codec", "internal/consent/statement",
		"internal/consent/obligation", "internal/consent/optin", "internal/consent/standing", "internal/consent/timeline", "internal/consent/usefulness", "internal/dossier",
		"internal/dossier/answer", "internal/dossier/machine", "internal/dossier/paper", "internal/dossier/pdf", "internal/dossier/wording",
		"internal/duty", "internal/fault", "internal/feed", "internal/jsonlist", "internal/ledger", "internal/listtime", "internal/locale",
		"internal/period", "internal/presets", "internal/receipt", "internal/storedtext", "internal/suppressionfile",
		"internal/suppressionfile/filterform", "internal/table", "internal/textfile", "internal/timetext", "internal/tlv", "internal/toolfile",
		"internal/consent/optin", "internal/consent/standing", "internal/consent/timeline", "internal/consent/usefulness", "internal/dossier", "internal/dossier/answer", "internal/dossier/machine", "internal/dossier/paper",
		"internal/dossier/pdf", "internal/dossier/wording", "internal/duty", "internal/fault", "internal/feed",
		"internal/intake", "internal/intake/bounce", "internal/intake/mail", "internal/intake/provider", "internal/jsonlist", "internal/ledger", "internal/listtime", "internal/locale", "internal/message", "internal/period", "internal/presets", "internal/receipt",
		"internal/storedtext", "internal/suppressionfile", "internal/suppressionfile/filterform", "internal/table", "internal/textfile", "internal/timetext", "internal/tlv", "internal/toolfile",
	}
}

// impure lists packages of the standard library that a pure package does
// without.
func impure() []string {
	return []string{
		"context", "crypto/rand", "database/sql", "log", "log/slog", "math/rand", "math/rand/v2", "net", "net/http",
		"os", "os/exec", "os/signal", "syscall", "testing",
	}
}

// clockFunctions lists the functions of package time that ask or wait for the
// clock.
func clockFunctions() []string {
	return []string{"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"}
}
