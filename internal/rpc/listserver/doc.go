// Package listserver is the gRPC service of external lists: it turns messages into requests of package extlists and back.
package listserver
