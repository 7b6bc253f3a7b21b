-- The rights of data subjects: disclosures, re-imported erased addresses, data kept for the defence of legal claims,
-- and the requests that an erasure reaches. docs/storage-format.md describes every column.

ALTER TABLE requests ADD COLUMN first_position INTEGER;
ALTER TABLE requests ADD COLUMN last_position INTEGER;

-- Erasures that were imported and wait to be carried out: their evidence still has the address.
CREATE INDEX events_by_erasure ON events (position) WHERE kind = 9 AND evidence IS NOT NULL;

CREATE INDEX requests_by_position ON requests (last_position) WHERE last_position IS NOT NULL;

CREATE TABLE disclosures (
    subject         BLOB    NOT NULL CHECK (length(subject) = 16),
    day             INTEGER NOT NULL,
    client          TEXT    NOT NULL,
    channel         TEXT    NOT NULL,
    count           INTEGER NOT NULL,
    PRIMARY KEY (subject, day, client, channel)
) STRICT, WITHOUT ROWID;

CREATE INDEX disclosures_by_day ON disclosures (day);

CREATE TABLE erased_returns (
    subject         BLOB    NOT NULL CHECK (length(subject) = 16),
    day             INTEGER NOT NULL,
    client          TEXT    NOT NULL,
    count           INTEGER NOT NULL,
    PRIMARY KEY (subject, day, client)
) STRICT, WITHOUT ROWID;

CREATE TABLE claims (
    id              BLOB    PRIMARY KEY CHECK (length(id) = 16),
    until_time      INTEGER NOT NULL,
    sealed          BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
    size            INTEGER PRIMARY KEY,
    note            TEXT    NOT NULL
) STRICT;
