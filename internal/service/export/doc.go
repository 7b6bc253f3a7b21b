// Package export tells what is held: the history of a person, the file about a person in every format, and the ledger.
package export
