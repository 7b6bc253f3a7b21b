// Package tables has the tables that are not the ledger's, one file for each: the type of its rows, its columns, its SQL, and how its rows
// are read. The SQL is what PostgreSQL and SQLite have in common, so it is written once. The functions that read take any
// [storage.TableReader]: a store, a snapshot or a write under way. The functions that make a [storage.Statement] are for
// storage.Changes.Tables, where the change belongs under the lock of the head, and for WriteTables of a store.
//
// What both databases understand: INSERT with ON CONFLICT, RETURNING, LIMIT, comparisons of rows, CAST, placeholders $1, $2 and so on.
// What they do not share: names of collations, casts with ::, arrays. A column of text that is compared or ordered by has COLLATE "C" in the
// migration for PostgreSQL, which is the order of bytes that SQLite has anyway.
package tables

// Table is a table that is not the ledger's.
type Table struct {
	Name    string
	Persons bool // its rows are about persons: erasures and retention have to reach them, and a purge rewrites the table
}

// All returns the tables of this package and of those below it.
func All() []Table {
	return []Table{
		{Name: "allowed_hours"},
		{Name: "case_entries", Persons: true},
		{Name: "cases", Persons: true},
		{Name: "checkpoints"},
		{Name: "claims", Persons: true},
		{Name: "clients"},
		{Name: "consumers"},
		{Name: "contacts", Persons: true},
		{Name: "desk_absences"},
		{Name: "erased_returns", Persons: true},
		{Name: "external_list_activations"},
		{Name: "external_list_chunks"},
		{Name: "external_list_uploads"},
		{Name: "external_list_versions"},
		{Name: "external_lists"},
		{Name: "feed_removals", Persons: true},
		{Name: "feed_removals_dropped"},
		{Name: "hints", Persons: true},
		{Name: "imports"},
		{Name: "list_hashes", Persons: true},
		{Name: "mailboxes", Persons: true},
		{Name: "mailboxes_fill"},
		{Name: "personal_caps", Persons: true},
		{Name: "notice_mails"},
		{Name: "notices"},
		{Name: "restated"},
		{Name: "send_calendars"},
		{Name: "send_comments"},
		{Name: "send_overlaps"},
		{Name: "sends"},
		{Name: "soft_bounces", Persons: true},
		{Name: "source_tokens"},
		{Name: "sources"},
		{Name: "undos"},
		{Name: "webhook_deliveries", Persons: true},
		{Name: "webhooks"},
		{Name: "worker_runs"},
	}
}
