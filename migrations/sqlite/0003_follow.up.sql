-- Following the store from memory: the rows and states that changed without an event of their own, and the subject of
-- an event without its address. docs/storage-format.md describes every column.

ALTER TABLE ledger_head ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger_head ADD COLUMN refs_sum BLOB CHECK (length(refs_sum) = 32);
ALTER TABLE ledger_head ADD COLUMN catalogs_sum BLOB CHECK (length(catalogs_sum) = 32);

CREATE TABLE revisions (
    revision        INTEGER NOT NULL,
    form            INTEGER NOT NULL,
    digest          BLOB    NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (revision, form, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX subjects_by_id ON subjects (subject);
