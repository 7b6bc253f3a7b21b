-- Sources: accounts of providers that tell by webhook what became of messages. docs/storage-format.md describes every column.

CREATE TABLE sources (
    id             text COLLATE "C" PRIMARY KEY,
    kind           text NOT NULL,
    client         text COLLATE "C" NOT NULL,
    department     text COLLATE "C" NOT NULL,
    path_hash      bytea NOT NULL UNIQUE CHECK (octet_length(path_hash) = 32),
    settings       bytea NOT NULL,
    prior_until    bigint,
    created_time   bigint NOT NULL,
    created_by     text NOT NULL,
    held_time      bigint,
    held_by        text NOT NULL,
    complaint_hour bigint NOT NULL,
    complaints     bigint NOT NULL
);

CREATE TABLE source_tokens (
    source     text COLLATE "C" NOT NULL,
    token      bytea NOT NULL CHECK (octet_length(token) = 32),
    body       bytea NOT NULL CHECK (octet_length(body) = 32),
    until_time bigint NOT NULL,
    PRIMARY KEY (source, token)
);

CREATE INDEX source_tokens_until ON source_tokens (until_time);

CREATE TABLE allowed_hours (
    hour    bigint NOT NULL,
    channel text COLLATE "C" NOT NULL,
    allowed bigint NOT NULL,
    PRIMARY KEY (hour, channel)
);
