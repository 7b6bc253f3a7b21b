-- Mails with notices: what is to be sent to whom, and what came of it. docs/storage-format.md describes every column.

ALTER TABLE notices ADD COLUMN planned_time INTEGER;

CREATE TABLE notice_mails (
    id           BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    department   TEXT NOT NULL,
    member       TEXT NOT NULL,
    notices      BLOB NOT NULL CHECK (length(notices) % 16 = 0),
    state        TEXT NOT NULL,
    created_time INTEGER NOT NULL,
    due_time     INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    handed       INTEGER NOT NULL,
    lease        BLOB NOT NULL,
    lease_until  INTEGER NOT NULL,
    failure      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX notice_mails_due ON notice_mails (state, due_time);
