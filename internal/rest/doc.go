// Package rest is the API over HTTP: the calls below /v1 in JSON, /openapi.json and /assent.fds, which describe them, the pages of
// an administrator, which are the probes of load balancers and /metrics, and those for people with a browser (pages.go). It listens
// nowhere: package server gives it a connection to the gRPC server in the same process, so that a REST call goes through the same
// interceptors as a gRPC call and is decided by the same use cases.
//
// # The way of a request
//
//  1. [BrowserGuard] refuses requests for host names that the server was not given, and requests that a page of another site makes
//     (browser.go).
//  2. Callers without an API key are refused before anything else of the request is looked at (admission.go, body.go).
//  3. The gateway would ignore a parameter that a call does not have, and read a time that is not in the format of RFC 3339. Both are refused, as is a
//     body that is too large (query.go, times.go, json.go, body.go).
//  4. The gateway turns the body or the parameters into a message and hands on a few headers (gateway.go). A body
//     that the JSON library refuses is read again, by its descriptor: for short names of enums, for texts that must not stop a no, and
//     for the first problem, since the text of the library repeats what was sent (json.go, mend.go).
//  5. The answer is JSON, or for an export the file itself (file.go). An error is a google.rpc.Status under the HTTP status that fits
//     (answer.go).
//
// A transfer may last as long as its bytes flow (flow.go). No text of an error and no line of the log repeats what may be an address.
package rest
