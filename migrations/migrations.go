// Package migrations holds the SQL that makes and changes the tables, embedded. docs/storage-format.md describes them.
package migrations

import "embed"

// Postgres and SQLite hold the migrations of their folders, named NNNN_title.up.sql and NNNN_title.down.sql.
var (
	//go:embed postgres/*.sql
	Postgres embed.FS
	//go:embed sqlite/*.sql
	SQLite embed.FS
)
