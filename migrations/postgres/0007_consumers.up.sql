-- Consumers of the change feed, and what an erasure keeps or leaves for them. docs/storage-format.md describes every column.

CREATE TABLE consumers (
    id                    text   COLLATE "C" PRIMARY KEY,
    client                text   NOT NULL,
    channels              text   NOT NULL,
    kinds                 text   NOT NULL,
    form                  text   NOT NULL,
    sealed_key            bytea,
    created_time          bigint NOT NULL,
    created_by            text   NOT NULL,
    revoked_time          bigint,
    acknowledged_position bigint NOT NULL,
    acknowledged_revision bigint NOT NULL,
    seen_time             bigint
);

CREATE INDEX consumers_client ON consumers (client);

CREATE TABLE list_hashes (
    subject      bytea NOT NULL CHECK (octet_length(subject) = 16),
    spelling     bytea NOT NULL CHECK (octet_length(spelling) = 16),
    hash         bytea NOT NULL,
    PRIMARY KEY (subject, spelling)
);

CREATE TABLE feed_removals (
    position     bigint NOT NULL,
    revision     bigint NOT NULL,
    id           bytea  PRIMARY KEY CHECK (octet_length(id) = 16),
    address      bytea  NOT NULL,
    expires_time bigint NOT NULL
);

CREATE INDEX feed_removals_at ON feed_removals (position, revision, id);

CREATE TABLE feed_removals_dropped (
    id       integer PRIMARY KEY CHECK (id = 1),
    position bigint  NOT NULL,
    revision bigint  NOT NULL
);

-- Of what was erased while the tables were missing, no consumer was told: tokens from before are not valid any more.
INSERT INTO feed_removals_dropped (id, position, revision) SELECT 1, position, revision FROM ledger_head;
