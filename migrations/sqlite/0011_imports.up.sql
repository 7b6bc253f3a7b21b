-- Imports: lists of other tools that are recorded as one batch each. docs/storage-format.md describes every column.

CREATE TABLE imports (
    id             BLOB    PRIMARY KEY CHECK (length(id) = 16),
    identity       BLOB    NOT NULL CHECK (length(identity) = 16),
    client         TEXT    NOT NULL,
    department     TEXT    NOT NULL,
    sealed         BLOB    NOT NULL,
    size           INTEGER NOT NULL,
    created_time   INTEGER NOT NULL,
    state          TEXT    NOT NULL,
    upload         BLOB    NOT NULL CHECK (length(upload) = 16),
    updated_time   INTEGER,
    completed_time INTEGER,
    report         TEXT    NOT NULL,
    generation     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX imports_identity ON imports (identity, generation);
CREATE INDEX imports_created ON imports (created_time, id);
