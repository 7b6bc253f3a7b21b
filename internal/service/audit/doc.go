// Package audit verifies a whole store against its ledger and older checkpoints, and folds all states anew.
package audit
