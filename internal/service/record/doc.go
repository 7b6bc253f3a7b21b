// Package record records what people say and what is said of them: single statements, batches of the past, double opt-in, and the erasures
// that are asked for. What came back of erased persons is noted, not recorded.
package record
