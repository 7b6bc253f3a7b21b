-- What persons get of marketing: messages that were sent or have a place reserved, and how much a person wants. docs/storage-format.md describes every
-- column.

CREATE TABLE contacts (
    folded     bytea NOT NULL CHECK (octet_length(folded) = 32),
    send       text COLLATE "C" NOT NULL,
    channel    text COLLATE "C" NOT NULL,
    department text COLLATE "C" NOT NULL,
    sender     text COLLATE "C" NOT NULL,
    state      text COLLATE "C" NOT NULL,
    at_time    bigint NOT NULL,
    until_time bigint,
    client     text COLLATE "C" NOT NULL,
    PRIMARY KEY (folded, send)
);

CREATE INDEX contacts_send ON contacts (send);
CREATE INDEX contacts_until ON contacts (until_time) WHERE until_time IS NOT NULL;
CREATE INDEX contacts_sent ON contacts (at_time) WHERE until_time IS NULL;

CREATE TABLE personal_caps (
    folded   bytea NOT NULL PRIMARY KEY CHECK (octet_length(folded) = 32),
    most     bigint NOT NULL,
    per      text COLLATE "C" NOT NULL,
    set_time bigint NOT NULL
);
