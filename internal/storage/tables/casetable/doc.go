// Package casetable has the tables of desks beside the ledger: cases with their entries, who is away, and notices. It is a part of what package
// tables describes, and goes by its rules.
package casetable
