-- The time of the last run of each background job. docs/storage-format.md describes every column.

CREATE TABLE worker_runs (
    worker          TEXT    PRIMARY KEY,
    started_time    INTEGER NOT NULL,
    succeeded_time  INTEGER,
    failure         TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
