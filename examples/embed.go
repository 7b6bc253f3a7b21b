// Package examples embeds the example company of this folder, so that
// `assent demo` finds it inside the binary.
package examples

import "embed"

// Files holds what the demo loads: the catalog catalogs/acme.yaml and the
// folder acme with the consent history, the audience and the expected answers.
// Paths are relative to this folder.
//
//go:embed catalogs/acme.yaml acme
var Files embed.FS
