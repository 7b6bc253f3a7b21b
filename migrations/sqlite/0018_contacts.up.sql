-- What persons get of marketing: messages that were sent or have a place reserved, and how much a person wants. docs/storage-format.md describes every
-- column.

CREATE TABLE contacts (
    folded     BLOB NOT NULL CHECK (length(folded) = 32),
    send       TEXT NOT NULL,
    channel    TEXT NOT NULL,
    department TEXT NOT NULL,
    sender     TEXT NOT NULL,
    state      TEXT NOT NULL,
    at_time    INTEGER NOT NULL,
    until_time INTEGER,
    client     TEXT NOT NULL,
    PRIMARY KEY (folded, send)
) STRICT, WITHOUT ROWID;

CREATE INDEX contacts_send ON contacts (send);
CREATE INDEX contacts_until ON contacts (until_time) WHERE until_time IS NOT NULL;
CREATE INDEX contacts_sent ON contacts (at_time) WHERE until_time IS NULL;

CREATE TABLE personal_caps (
    folded   BLOB NOT NULL PRIMARY KEY CHECK (length(folded) = 32),
    most     INTEGER NOT NULL,
    per      TEXT NOT NULL,
    set_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
