-- The ledger, its subjects, and what is derived from it. docs/storage-format.md describes every column. There are no
-- sequences, and each unique key has the first column of its table: the order is given under the lock of the head row.

CREATE TABLE ledger_head (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    store_id        BLOB    NOT NULL CHECK (length(store_id) = 16),
    keys_check      BLOB    NOT NULL,
    position        INTEGER NOT NULL,
    recorded_time   INTEGER NOT NULL,
    tree            BLOB    NOT NULL,
    catalog_version INTEGER NOT NULL,
    clients_version INTEGER NOT NULL,
    refs            INTEGER NOT NULL,
    digest_keys     BLOB    NOT NULL,
    fold_version    INTEGER NOT NULL
) STRICT;

CREATE TABLE events (
    position        INTEGER PRIMARY KEY,
    subject         BLOB    NOT NULL CHECK (length(subject) = 16),
    event_key       BLOB    NOT NULL CHECK (length(event_key) = 16),
    kind            INTEGER NOT NULL,
    recorded_time   INTEGER NOT NULL,
    occurred_time   INTEGER NOT NULL,
    actor           TEXT    NOT NULL,
    batch           BLOB    CHECK (length(batch) = 16),
    header          BLOB    NOT NULL,
    evidence        BLOB,
    leaf_hash       BLOB    NOT NULL CHECK (length(leaf_hash) = 32),
    tree_hashes     BLOB    NOT NULL
) STRICT;

CREATE INDEX events_by_subject ON events (subject, event_key);

CREATE TABLE subjects (
    form            INTEGER NOT NULL,
    digest          BLOB    NOT NULL CHECK (length(digest) = 32),
    subject         BLOB    CHECK (length(subject) = 16),
    key_version     INTEGER NOT NULL,
    fold_version    INTEGER NOT NULL,
    address         BLOB,
    erased_time     INTEGER,
    PRIMARY KEY (form, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE states (
    subject         BLOB    PRIMARY KEY CHECK (length(subject) = 16),
    position        INTEGER NOT NULL,
    state           BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE catalogs (
    version         INTEGER PRIMARY KEY,
    position        INTEGER NOT NULL,
    effective_time  INTEGER,
    recorded_time   INTEGER NOT NULL,
    sha256          BLOB    NOT NULL CHECK (length(sha256) = 32),
    document        TEXT    NOT NULL
) STRICT;

CREATE TABLE catalog_refs (
    number          INTEGER PRIMARY KEY,
    kind            INTEGER NOT NULL,
    name            TEXT    NOT NULL
) STRICT;

CREATE TABLE clients (
    id              TEXT    PRIMARY KEY,
    department      TEXT    NOT NULL,
    all_departments INTEGER NOT NULL,
    scopes          TEXT    NOT NULL,
    lists           TEXT    NOT NULL,
    key_hash        BLOB    NOT NULL CHECK (length(key_hash) = 32),
    created_time    INTEGER NOT NULL,
    revoked_time    INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE requests (
    id              BLOB    PRIMARY KEY CHECK (length(id) = 32),
    body_mac        BLOB    NOT NULL,
    answer          BLOB    NOT NULL,
    expires_time    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX requests_by_expiry ON requests (expires_time);
