// Package service holds the use cases: check, record, look up, keep the catalog and the clients. It owns transactions,
// idempotency and the clock, and is the one way from the transports to the domain and the store.
//
// Reads take one snapshot of the store and decide by it ([Service.Check]). Writes of a process are gathered into one
// transaction at a time, in which each is decided in order against what the ones before it did (committer.go, work.go).
//
// Every error that a caller caused or can mend is a *fault.Error; all others are defects of the program.
package service
