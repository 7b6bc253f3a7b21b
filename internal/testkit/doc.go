// Package testkit holds what tests of several packages need: a clock that
// tests move, a check for goroutines left behind, and waiting for a condition.
// Databases are in testdb.
//
// Only tests, testdb and the conformance suite of internal/storage/storagetest
// import it; the test in internal/tools/layers holds that.
package testkit
