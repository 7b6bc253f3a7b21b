// Package env holds what every use case is given: the store, its keys, the clock, the log and the spans of traces; and the refusals that
// come from these.
package env
