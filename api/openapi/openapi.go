// Package openapi holds the OpenAPI document of the REST API, which internal/tools/openapi makes from the protos.
package openapi

import _ "embed"

// Document is the OpenAPI 3.1 document, in JSON.
//
//go:embed assent.json
var Document []byte
