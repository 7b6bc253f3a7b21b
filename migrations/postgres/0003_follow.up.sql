-- What it takes to follow the store from memory: which rows and states changed although no event of theirs says so, and whom an
-- event is about without knowing the address. docs/storage-format.md describes every column.

ALTER TABLE ledger_head ADD COLUMN revision bigint NOT NULL DEFAULT 0;
ALTER TABLE ledger_head ADD COLUMN refs_sum bytea CHECK (octet_length(refs_sum) = 32);
ALTER TABLE ledger_head ADD COLUMN catalogs_sum bytea CHECK (octet_length(catalogs_sum) = 32);

CREATE TABLE revisions (
    revision bigint   NOT NULL,
    form     smallint NOT NULL,
    digest   bytea    NOT NULL CHECK (octet_length(digest) = 32),
    PRIMARY KEY (revision, form, digest)
);

CREATE INDEX subjects_by_id ON subjects (subject);

-- A digest in the statistics would outlive the row that it was of.
ALTER TABLE revisions ALTER COLUMN digest SET STATISTICS 0;
