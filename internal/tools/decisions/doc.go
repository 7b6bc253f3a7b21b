// Package decisions holds the records in docs/decisions to their form and makes their index. It has no code but its test.
package decisions
