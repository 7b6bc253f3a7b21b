-- When the workers of servers last ran. And the order of bytes for texts that rows are ordered by, so that one statement gives one order in
-- both databases. docs/storage-format.md describes every column.

ALTER TABLE clients ALTER COLUMN id TYPE text COLLATE "C";
ALTER TABLE erased_returns ALTER COLUMN client TYPE text COLLATE "C";

CREATE TABLE worker_runs (
    worker         text   COLLATE "C" PRIMARY KEY,
    started_time   bigint NOT NULL,
    succeeded_time bigint,
    failure        text   NOT NULL
);
