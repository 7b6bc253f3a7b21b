package layers

// module is the path of this module; all paths in the tables are below it.
const module = "github.com/assent-io/assent/"

// allowed lists every package of the module with the packages of the module
// that it may import. Imports point one way:
//
//	cmd → cli → server → rpc → service → {consent, catalog, ledger, seal, storage} → address
//
// What a row names, it may import; it need not. A package without a row fails
// the test, so that each new one is given its place on purpose. Test files are
// free to import what they like.
func allowed() map[string][]string {
	return map[string][]string{
		"cmd/assent": {"internal/cli"},

		"internal/cli": {
			"internal/fault",
			"api/assent/v1", "examples", "internal/address", "internal/atomicfile", "internal/bench", "internal/catalog", "internal/config",
			"internal/consent", "internal/dossier", "internal/ledger", "internal/listfile", "internal/nearest", "internal/phrase", "internal/receipt", "internal/scenario",
			"internal/seal", "internal/server", "internal/service", "internal/cli/bulk", "internal/cli/connect", "internal/cli/terminal", "internal/cli/value",
			"internal/storage", "internal/telemetry", "internal/timetext", "internal/token",
		},
		"internal/cli/bulk": {
			"api/assent/v1", "internal/cli/connect", "internal/cli/terminal", "internal/cli/value", "internal/listfile", "internal/phrase",
		},
		"internal/cli/connect":  {"internal/cli/terminal", "internal/config", "internal/phrase", "internal/telemetry"},
		"internal/cli/terminal": {"api/assent/v1", "internal/cli/value", "internal/listfile", "internal/phrase"},
		"internal/cli/value":    {"api/assent/v1", "internal/listfile", "internal/nearest", "internal/timetext"},
		"internal/bench": {
			"api/assent/v1", "examples", "internal/bench/bare", "internal/config", "internal/rpc", "internal/seal", "internal/server",
			"internal/service",
		},
		"internal/bench/bare": {"internal/config"},
		"internal/server": {
			"internal/fault",
			"api/assent/v1", "api/openapi", "internal/address", "internal/catalog", "internal/config", "internal/consent",
			"internal/index", "internal/kept", "internal/ledger", "internal/rpc", "internal/seal", "internal/service", "internal/storage",
			"internal/storage/postgres", "internal/storage/sqlite", "internal/telemetry", "internal/timetext", "internal/token", "migrations",
		},
		"internal/rpc": {
			"internal/fault",
			"api/assent/v1", "internal/address", "internal/catalog", "internal/consent", "internal/ledger",
			"internal/service", "internal/telemetry", "internal/token",
		},
		"internal/service": {
			"internal/fault",
			"internal/address", "internal/catalog", "internal/consent", "internal/dossier", "internal/index", "internal/kept", "internal/ledger",
			"internal/receipt", "internal/seal", "internal/storage", "internal/telemetry", "internal/token",
		},
		"internal/index": {"internal/fault", "internal/consent", "internal/ledger", "internal/storage"},
		"internal/kept":  {"internal/consent", "internal/ledger"},

		"internal/storage": {"internal/address", "internal/catalog", "internal/consent", "internal/ledger"},
		"internal/storage/postgres": {
			"internal/address", "internal/catalog", "internal/consent", "internal/ledger", "internal/storage",
			"internal/storage/column", "internal/storage/schema", "migrations",
		},
		"internal/storage/sqlite": {
			"internal/address", "internal/catalog", "internal/consent", "internal/ledger", "internal/storage",
			"internal/storage/column", "internal/storage/schema", "migrations",
		},
		"internal/storage/column": {"internal/consent", "internal/ledger", "internal/storage"},
		"internal/storage/schema": {"internal/storage", "migrations"},
		"internal/storage/storagetest": {
			"internal/address", "internal/catalog", "internal/consent", "internal/ledger", "internal/storage",
			"internal/testkit",
		},

		"internal/dossier": {"internal/fault", "internal/catalog", "internal/consent", "internal/ledger", "internal/timetext"},

		"internal/consent":    {"internal/fault", "internal/address", "internal/catalog"},
		"internal/catalog":    {"internal/address", "internal/nearest", "internal/timetext", "internal/yamltext"},
		"internal/ledger":     {},
		"internal/receipt":    {"internal/consent", "internal/ledger"},
		"internal/seal":       {"internal/atomicfile", "internal/consent"},
		"internal/address":    {},
		"internal/scenario":   {"internal/fault", "internal/address", "internal/catalog", "internal/consent", "internal/timetext", "internal/yamltext"},
		"internal/listfile":   {"internal/atomicfile", "internal/catalog", "internal/nearest", "internal/phrase", "internal/timetext"},
		"internal/atomicfile": {},
		"internal/nearest":    {},
		"internal/phrase":     {},
		"internal/fault":      {},
		"internal/timetext":   {},
		"internal/yamltext":   {"internal/nearest"},

		"internal/config":    {},
		"internal/telemetry": {},
		"internal/token":     {"internal/seal"},

		"api/assent/v1": {},
		"api/openapi":   {},
		"examples":      {},
		"migrations":    {},

		"internal/e2e":             {}, // tests only
		"internal/proof":           {}, // tests only
		"internal/testkit":         {},
		"internal/tools/decisions": {}, // tests only
		"internal/tools/layers":    {},
		"internal/tools/protodeps": {},
	}
}

// confined lists packages from outside that only some packages here may
// import, by the beginning of their paths.
func confined() map[string][]string {
	grpc := []string{
		"api/assent/v1", "internal/bench", "internal/cli", "internal/cli/bulk", "internal/cli/connect", "internal/cli/terminal", "internal/cli/value", "internal/rpc", "internal/server", "internal/telemetry", "internal/tools/protodeps",
	}
	return map[string][]string{
		// An adapter classifies its driver's errors, so that nobody else has to.
		"github.com/jackc/":          {"internal/bench/bare", "internal/storage/postgres", "internal/testkit"},
		"modernc.org/":               {"internal/bench/bare", "internal/storage/sqlite"},
		"database/sql":               {"internal/bench/bare", "internal/storage/postgres", "internal/storage/schema", "internal/storage/sqlite"},
		"github.com/golang-migrate/": {"internal/storage/postgres", "internal/storage/schema", "internal/storage/sqlite"},
		// Protos end at the edge; use cases, domain and storage speak plain types.
		"google.golang.org/grpc":     grpc,
		"google.golang.org/protobuf": grpc,
		"google.golang.org/genproto": grpc,
		"github.com/grpc-ecosystem/": grpc,
		"github.com/spf13/":          {"internal/cli", "internal/config"},
		"github.com/tink-crypto/":    {"internal/seal", "internal/token"},
		"testing":                    {"internal/testkit", "internal/storage/storagetest"},
	}
}

// pure lists the packages that may not know what time it is, where they run or
// who waits for them: what they say follows from what they are given.
func pure() []string {
	return []string{"internal/address", "internal/catalog", "internal/consent", "internal/dossier", "internal/ledger", "internal/receipt"}
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
