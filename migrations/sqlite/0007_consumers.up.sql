-- Consumers of the change feed, and what an erasure keeps or leaves for them. docs/storage-format.md describes every column.

CREATE TABLE consumers (
    id                    TEXT    PRIMARY KEY,
    client                TEXT    NOT NULL,
    channels              TEXT    NOT NULL,
    kinds                 TEXT    NOT NULL,
    form                  TEXT    NOT NULL,
    sealed_key            BLOB,
    created_time          INTEGER NOT NULL,
    created_by            TEXT    NOT NULL,
    revoked_time          INTEGER,
    acknowledged_position INTEGER NOT NULL,
    acknowledged_revision INTEGER NOT NULL,
    seen_time             INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX consumers_client ON consumers (client);

CREATE TABLE list_hashes (
    subject         BLOB    NOT NULL CHECK (length(subject) = 16),
    spelling        BLOB    NOT NULL CHECK (length(spelling) = 16),
    hash            BLOB    NOT NULL,
    PRIMARY KEY (subject, spelling)
) STRICT, WITHOUT ROWID;

CREATE TABLE feed_removals (
    position        INTEGER NOT NULL,
    revision        INTEGER NOT NULL,
    id              BLOB    PRIMARY KEY CHECK (length(id) = 16),
    address         BLOB    NOT NULL,
    expires_time    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX feed_removals_at ON feed_removals (position, revision, id);

CREATE TABLE feed_removals_dropped (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    position        INTEGER NOT NULL,
    revision        INTEGER NOT NULL
) STRICT;

-- Of what was erased while the tables were missing, no consumer was told: tokens from before are not valid any more.
INSERT INTO feed_removals_dropped (id, position, revision) SELECT 1, position, revision FROM ledger_head;
