// Package txn is the engine that writes: it gathers the concurrent writes of a process into one transaction at a time, decides them in
// order against what the ones before did, appends their events to the ledger and stores the states. It knows no use case: what
// they add to every transaction are [Hooks].
package txn
