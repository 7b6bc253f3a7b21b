-- Undos: batches that are left out of every answer, a large one with its last transaction. docs/storage-format.md describes every column.

ALTER TABLE ledger_head ADD COLUMN undone bigint NOT NULL DEFAULT 0;

CREATE TABLE undos (
    batch         bytea PRIMARY KEY CHECK (octet_length(batch) = 16),
    number        bigint NOT NULL,
    position      bigint NOT NULL,
    scanned       bigint NOT NULL,
    events        bigint NOT NULL,
    subjects      bigint NOT NULL,
    kept          bigint NOT NULL,
    started_time  bigint NOT NULL,
    started_by    text NOT NULL
);

CREATE UNIQUE INDEX undos_number ON undos (number) WHERE number > 0;
CREATE UNIQUE INDEX undos_pending ON undos (position) WHERE position = 0;
