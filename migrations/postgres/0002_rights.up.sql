-- The rights of data subjects: disclosures, re-imported erased addresses, data kept for the defence of legal claims,
-- and the requests that an erasure reaches. docs/storage-format.md describes every column.

ALTER TABLE requests ADD COLUMN first_position bigint;
ALTER TABLE requests ADD COLUMN last_position bigint;

-- Erasures that were imported and wait to be carried out: their evidence still has the address.
CREATE INDEX events_by_erasure ON events (position) WHERE kind = 9 AND evidence IS NOT NULL;

CREATE INDEX requests_by_position ON requests (last_position) WHERE last_position IS NOT NULL;

CREATE TABLE disclosures (
    subject bytea  NOT NULL CHECK (octet_length(subject) = 16),
    day     bigint NOT NULL,
    client  text   NOT NULL,
    channel text   NOT NULL,
    count   bigint NOT NULL,
    PRIMARY KEY (subject, day, client, channel)
);

CREATE INDEX disclosures_by_day ON disclosures (day);

CREATE TABLE erased_returns (
    subject bytea  NOT NULL CHECK (octet_length(subject) = 16),
    day     bigint NOT NULL,
    client  text   NOT NULL,
    count   bigint NOT NULL,
    PRIMARY KEY (subject, day, client)
);

CREATE TABLE claims (
    id         bytea  PRIMARY KEY CHECK (octet_length(id) = 16),
    until_time bigint NOT NULL,
    sealed     bytea  NOT NULL
);

CREATE TABLE checkpoints (
    size bigint PRIMARY KEY,
    note text   NOT NULL
);

-- Statistics of PostgreSQL hold samples of column values, and neither an erasure nor a purge updates them. So there are none for
-- columns with encrypted data, or with data that an erasure must remove.
ALTER TABLE events
    ALTER COLUMN header SET STATISTICS 0,
    ALTER COLUMN evidence SET STATISTICS 0;
ALTER TABLE subjects ALTER COLUMN address SET STATISTICS 0;
ALTER TABLE states ALTER COLUMN state SET STATISTICS 0;
ALTER TABLE requests
    ALTER COLUMN body_mac SET STATISTICS 0,
    ALTER COLUMN answer SET STATISTICS 0;
ALTER TABLE claims ALTER COLUMN sealed SET STATISTICS 0;
