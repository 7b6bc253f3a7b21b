// Package testkit holds what tests of several packages need: a clock that
// tests move, a check for goroutines left behind, and waiting for a condition.
// Databases are in testdb, a browser is in browser.
//
// Only tests, these two and the conformance suite of internal/storage/storagetest
// import it; the test in internal/tools/layers holds that.
package testkit
