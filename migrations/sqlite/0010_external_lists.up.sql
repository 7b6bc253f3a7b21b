-- External lists: digests of addresses and domains that checks consult. docs/storage-format.md describes every column.

ALTER TABLE ledger_head ADD COLUMN lists_sum BLOB CHECK (length(lists_sum) = 32);

CREATE TABLE external_lists (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    binds         TEXT NOT NULL,
    form          TEXT NOT NULL,
    freshness     TEXT NOT NULL,
    when_stale    TEXT NOT NULL,
    created_time  INTEGER NOT NULL,
    created_by    TEXT NOT NULL
) STRICT;

CREATE TABLE external_list_versions (
    list           TEXT NOT NULL,
    version        INTEGER NOT NULL,
    sha256         BLOB NOT NULL CHECK (length(sha256) = 32),
    size           INTEGER NOT NULL,
    entries        INTEGER NOT NULL,
    asked          INTEGER NOT NULL,
    obtained_time  INTEGER NOT NULL,
    uploaded_time  INTEGER NOT NULL,
    uploaded_by    TEXT NOT NULL,
    PRIMARY KEY (list, version)
) STRICT;

CREATE TABLE external_list_chunks (
    sha256  BLOB NOT NULL CHECK (length(sha256) = 32),
    number  INTEGER NOT NULL,
    bytes   BLOB NOT NULL,
    PRIMARY KEY (sha256, number)
) STRICT;

CREATE TABLE external_list_activations (
    position  INTEGER PRIMARY KEY,
    list      TEXT NOT NULL,
    version   INTEGER NOT NULL,
    header    BLOB NOT NULL
) STRICT;
