// Package tablestest is the part of the conformance suite of the storage port that is about the tables which are no part of the ledger: rows
// are written and read by the statements of package tables, which each adapter has to run alike. It imports testing and is for tests only.
package tablestest

import (
	"slices"

	"github.com/assent-io/assent/internal/storage/storagetest"
)

// Tests returns the tests, for [storagetest.Run].
func Tests() []storagetest.Test {
	return slices.Concat(consumerTests(), webhookTests(), undoTests(), externalListTests(), importTests(), mailboxTests(),
		restatedTests(), intakeTests(), sourceTests(), contactTests(), sendTests(), deskTests(), caseAboutTests())
}
