-- External lists: digests of addresses and domains that checks consult. docs/storage-format.md describes every column.

ALTER TABLE ledger_head ADD COLUMN lists_sum bytea CHECK (octet_length(lists_sum) = 32);

CREATE TABLE external_lists (
    id            text COLLATE "C" PRIMARY KEY,
    name          text NOT NULL,
    binds         text NOT NULL,
    form          text NOT NULL,
    freshness     text NOT NULL,
    when_stale    text NOT NULL,
    created_time  bigint NOT NULL,
    created_by    text NOT NULL
);

CREATE TABLE external_list_versions (
    list           text COLLATE "C" NOT NULL,
    version        bigint NOT NULL,
    sha256         bytea NOT NULL CHECK (octet_length(sha256) = 32),
    size           bigint NOT NULL,
    entries        bigint NOT NULL,
    asked          bigint NOT NULL,
    obtained_time  bigint NOT NULL,
    uploaded_time  bigint NOT NULL,
    uploaded_by    text NOT NULL,
    PRIMARY KEY (list, version)
);

CREATE TABLE external_list_chunks (
    sha256  bytea NOT NULL CHECK (octet_length(sha256) = 32),
    number  bigint NOT NULL,
    bytes   bytea NOT NULL,
    PRIMARY KEY (sha256, number)
);

CREATE TABLE external_list_activations (
    position  bigint PRIMARY KEY,
    list      text COLLATE "C" NOT NULL,
    version   bigint NOT NULL,
    header    bytea NOT NULL
);
