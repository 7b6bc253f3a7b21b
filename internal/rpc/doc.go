// Package rpc is the gRPC side of the service: it turns messages into words of the domain and back, and errors into
// statuses. It decides nothing.
//
// One list of layers (layers.go) makes the chain of unary calls and that of streams, so the two cannot drift apart, and one
// table (methods.go) says of every method what its caller may do, how large its message may be and how long it may take. A
// method without a row is refused.
//
// An error leaves as a status with an ErrorInfo, whose reason is a [fault.Code] and whose domain is [Domain]; what is wrong with
// fields stands in a BadRequest. What no table knows leaves as INTERNAL with a fixed text and the request id, and is logged.
package rpc
