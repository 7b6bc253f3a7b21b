-- Webhooks, which are told what consumers of the change feed read, and what is or was sent to them. docs/storage-format.md describes every
-- column.

CREATE TABLE webhooks (
    id              TEXT PRIMARY KEY,
    url             BLOB NOT NULL,
    mode            TEXT NOT NULL,
    secret          BLOB NOT NULL,
    prior_secret    BLOB,
    prior_until     INTEGER,
    created_time    INTEGER NOT NULL,
    created_by      TEXT NOT NULL,
    disabled_time   INTEGER,
    disabled_reason TEXT NOT NULL,
    place           TEXT NOT NULL,
    place_position  INTEGER NOT NULL,
    place_revision  INTEGER NOT NULL,
    place_time      INTEGER NOT NULL,
    turn            BLOB NOT NULL CHECK (length(turn) = 16),
    next_number     INTEGER NOT NULL,
    lease           BLOB NOT NULL,
    lease_until     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_deliveries (
    webhook        TEXT NOT NULL,
    number         INTEGER NOT NULL,
    id             TEXT NOT NULL,
    kind           TEXT NOT NULL,
    state          TEXT NOT NULL,
    recipient      BLOB NOT NULL,
    card           BLOB NOT NULL,
    content        BLOB,
    created_time   INTEGER NOT NULL,
    due_time       INTEGER NOT NULL,
    attempts       INTEGER NOT NULL,
    attempted_time INTEGER,
    outcome        TEXT NOT NULL,
    status         INTEGER NOT NULL,
    answer         TEXT NOT NULL,
    excerpt        TEXT NOT NULL,
    PRIMARY KEY (webhook, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook, state, due_time);
CREATE INDEX webhook_deliveries_order ON webhook_deliveries (webhook, recipient, state, number);
CREATE INDEX webhook_deliveries_card ON webhook_deliveries (card);
