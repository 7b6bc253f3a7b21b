// Package rpc is what is around a call of the gRPC API: the caller and its rights, how large a message may be and how long a call
// may take, and what becomes of errors. The services themselves are in package handler.
//
// Unary calls and streams go through the same layers (chain.go), so the two cannot drift apart. One table (methods.go) says of every
// method what its caller may do, how large its message may be and how long it may take. A method without a row is refused.
//
// An error leaves as a status with an ErrorInfo. Its reason is a [fault.Code] and its domain is [Domain]; what is wrong with
// fields is in a BadRequest. Any other error leaves as INTERNAL with a fixed text and the request id, and is logged.
package rpc
