-- What comes back of messages: reports that wait for a person, and soft bounces that are counted. docs/storage-format.md describes every column.

CREATE TABLE hints (
    id            bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    exact         bytea NOT NULL CHECK (octet_length(exact) = 32),
    folded        bytea NOT NULL CHECK (octet_length(folded) = 32),
    sealed        bytea NOT NULL,
    kind          text COLLATE "C" NOT NULL,
    class         text COLLATE "C" NOT NULL,
    source        text COLLATE "C" NOT NULL,
    cause         text COLLATE "C" NOT NULL,
    channel       text COLLATE "C" NOT NULL,
    department    text COLLATE "C" NOT NULL,
    report_time   bigint,
    received_time bigint NOT NULL,
    state         text COLLATE "C" NOT NULL,
    decided_time  bigint,
    decided_by    text COLLATE "C" NOT NULL
);

CREATE INDEX hints_order ON hints (received_time, id);
CREATE INDEX hints_exact ON hints (exact);
CREATE INDEX hints_folded ON hints (folded);

CREATE TABLE soft_bounces (
    id            bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    exact         bytea NOT NULL CHECK (octet_length(exact) = 32),
    folded        bytea NOT NULL CHECK (octet_length(folded) = 32),
    second        bigint NOT NULL,
    report_time   bigint NOT NULL,
    received_time bigint NOT NULL,
    ended         bigint NOT NULL
);

CREATE INDEX soft_bounces_exact ON soft_bounces (exact);
CREATE INDEX soft_bounces_folded ON soft_bounces (folded);
CREATE INDEX soft_bounces_received ON soft_bounces (received_time);
