-- Sources: accounts of providers that tell by webhook what became of messages. docs/storage-format.md describes every column.

CREATE TABLE sources (
    id             TEXT PRIMARY KEY,
    kind           TEXT NOT NULL,
    client         TEXT NOT NULL,
    department     TEXT NOT NULL,
    path_hash      BLOB NOT NULL UNIQUE CHECK (length(path_hash) = 32),
    settings       BLOB NOT NULL,
    prior_until    INTEGER,
    created_time   INTEGER NOT NULL,
    created_by     TEXT NOT NULL,
    held_time      INTEGER,
    held_by        TEXT NOT NULL,
    complaint_hour INTEGER NOT NULL,
    complaints     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE source_tokens (
    source     TEXT NOT NULL,
    token      BLOB NOT NULL CHECK (length(token) = 32),
    body       BLOB NOT NULL CHECK (length(body) = 32),
    until_time INTEGER NOT NULL,
    PRIMARY KEY (source, token)
) STRICT, WITHOUT ROWID;

CREATE INDEX source_tokens_until ON source_tokens (until_time);

CREATE TABLE allowed_hours (
    hour    INTEGER NOT NULL,
    channel TEXT NOT NULL,
    allowed INTEGER NOT NULL,
    PRIMARY KEY (hour, channel)
) STRICT, WITHOUT ROWID;
