-- The time of the last run of each background job. Texts that rows are ordered by get the collation "C", so that one statement
-- gives the same order in both databases. docs/storage-format.md describes every column.

ALTER TABLE clients ALTER COLUMN id TYPE text COLLATE "C";
ALTER TABLE erased_returns ALTER COLUMN client TYPE text COLLATE "C";

CREATE TABLE worker_runs (
    worker         text   COLLATE "C" PRIMARY KEY,
    started_time   bigint NOT NULL,
    succeeded_time bigint,
    failure        text   NOT NULL
);
