// Package checkpoint signs checkpoints of the ledger, proves entries and consistency, takes the cosignatures of witnesses, and compares the
// ledger with checkpoints that were kept apart from it.
package checkpoint
