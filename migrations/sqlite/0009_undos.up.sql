-- Undos: batches that are left out of every answer, a large one with its last transaction. docs/storage-format.md describes every column.

ALTER TABLE ledger_head ADD COLUMN undone INTEGER NOT NULL DEFAULT 0;

CREATE TABLE undos (
    batch         BLOB PRIMARY KEY CHECK (length(batch) = 16),
    number        INTEGER NOT NULL,
    position      INTEGER NOT NULL,
    scanned       INTEGER NOT NULL,
    events        INTEGER NOT NULL,
    subjects      INTEGER NOT NULL,
    kept          INTEGER NOT NULL,
    started_time  INTEGER NOT NULL,
    started_by    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX undos_number ON undos (number) WHERE number > 0;
CREATE UNIQUE INDEX undos_pending ON undos (position) WHERE position = 0;
