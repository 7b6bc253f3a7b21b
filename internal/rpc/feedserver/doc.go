// Package feedserver is the gRPC service of the change feed: it turns messages into requests of package changes, and what that tells into
// messages.
package feedserver
