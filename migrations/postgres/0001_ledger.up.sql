-- The ledger, its subjects, and what is derived from it. docs/storage-format.md describes every column. There are no
-- sequences, and each unique key has the first column of its table: the order is given under the lock of the head row.

CREATE TABLE ledger_head (
    id              smallint PRIMARY KEY CHECK (id = 1),
    store_id        bytea    NOT NULL CHECK (octet_length(store_id) = 16),
    keys_check      bytea    NOT NULL,
    position        bigint   NOT NULL,
    recorded_time   bigint   NOT NULL,
    tree            bytea    NOT NULL,
    catalog_version bigint   NOT NULL,
    clients_version bigint   NOT NULL,
    refs            integer  NOT NULL,
    digest_keys     bytea    NOT NULL,
    fold_version    integer  NOT NULL
);

CREATE TABLE events (
    position      bigint   PRIMARY KEY,
    subject       bytea    NOT NULL CHECK (octet_length(subject) = 16),
    event_key     bytea    NOT NULL CHECK (octet_length(event_key) = 16),
    kind          smallint NOT NULL,
    recorded_time bigint   NOT NULL,
    occurred_time bigint   NOT NULL,
    actor         text     NOT NULL,
    batch         bytea    CHECK (octet_length(batch) = 16),
    header        bytea    NOT NULL,
    evidence      bytea,
    leaf_hash     bytea    NOT NULL CHECK (octet_length(leaf_hash) = 32),
    tree_hashes   bytea    NOT NULL
);

CREATE INDEX events_by_subject ON events (subject, event_key);

CREATE TABLE subjects (
    form         smallint NOT NULL,
    digest       bytea    NOT NULL CHECK (octet_length(digest) = 32),
    subject      bytea    CHECK (octet_length(subject) = 16),
    key_version  bigint   NOT NULL,
    fold_version integer  NOT NULL,
    address      bytea,
    erased_time  bigint,
    PRIMARY KEY (form, digest)
);

CREATE TABLE states (
    subject  bytea  PRIMARY KEY CHECK (octet_length(subject) = 16),
    position bigint NOT NULL,
    state    bytea  NOT NULL
);

CREATE TABLE catalogs (
    version        bigint PRIMARY KEY,
    position       bigint NOT NULL,
    effective_time bigint,
    recorded_time  bigint NOT NULL,
    sha256         bytea  NOT NULL CHECK (octet_length(sha256) = 32),
    document       text   NOT NULL
);

CREATE TABLE catalog_refs (
    number integer  PRIMARY KEY,
    kind   smallint NOT NULL,
    name   text     NOT NULL
);

CREATE TABLE clients (
    id              text    PRIMARY KEY,
    department      text    NOT NULL,
    all_departments boolean NOT NULL,
    scopes          text    NOT NULL,
    lists           text    NOT NULL,
    key_hash        bytea   NOT NULL CHECK (octet_length(key_hash) = 32),
    created_time    bigint  NOT NULL,
    revoked_time    bigint
);

CREATE TABLE requests (
    id           bytea  PRIMARY KEY CHECK (octet_length(id) = 32),
    body_mac     bytea  NOT NULL,
    answer       bytea  NOT NULL,
    expires_time bigint NOT NULL
);

CREATE INDEX requests_by_expiry ON requests (expires_time);
