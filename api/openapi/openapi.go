// Package openapi holds the OpenAPI document of the REST API, which is generated from the protos.
package openapi

import _ "embed"

// Document is the OpenAPI 2.0 document, in JSON.
//
//go:embed assent.swagger.json
var Document []byte
