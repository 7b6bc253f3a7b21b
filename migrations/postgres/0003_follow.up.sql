-- Following the store from memory: the rows and states that changed without an event of their own, and the subject of
-- an event without its address. docs/storage-format.md describes every column.

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

-- Statistics for this column would hold digests of rows that were deleted.
ALTER TABLE revisions ALTER COLUMN digest SET STATISTICS 0;
