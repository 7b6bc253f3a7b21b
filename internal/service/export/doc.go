// Package export returns the stored data: the history of a person, the file about a person in every format, and the ledger.
package export
