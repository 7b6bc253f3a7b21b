-- What it takes to follow the store from memory: which rows and states changed although no event of theirs says so, and whom an
-- event is about without knowing the address. docs/storage-format.md describes every column.

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
