-- What comes back of messages: reports that wait for a person, and soft bounces that are counted. docs/storage-format.md describes every column.

CREATE TABLE hints (
    id            BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    exact         BLOB NOT NULL CHECK (length(exact) = 32),
    folded        BLOB NOT NULL CHECK (length(folded) = 32),
    sealed        BLOB NOT NULL,
    kind          TEXT NOT NULL,
    class         TEXT NOT NULL,
    source        TEXT NOT NULL,
    cause         TEXT NOT NULL,
    channel       TEXT NOT NULL,
    department    TEXT NOT NULL,
    report_time   INTEGER,
    received_time INTEGER NOT NULL,
    state         TEXT NOT NULL,
    decided_time  INTEGER,
    decided_by    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX hints_order ON hints (received_time, id);
CREATE INDEX hints_exact ON hints (exact);
CREATE INDEX hints_folded ON hints (folded);

CREATE TABLE soft_bounces (
    id            BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    exact         BLOB NOT NULL CHECK (length(exact) = 32),
    folded        BLOB NOT NULL CHECK (length(folded) = 32),
    second        INTEGER NOT NULL,
    report_time   INTEGER NOT NULL,
    received_time INTEGER NOT NULL,
    ended         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX soft_bounces_exact ON soft_bounces (exact);
CREATE INDEX soft_bounces_folded ON soft_bounces (folded);
CREATE INDEX soft_bounces_received ON soft_bounces (received_time);
