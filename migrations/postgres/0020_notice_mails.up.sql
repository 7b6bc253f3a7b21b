-- Mails with notices: what is to be sent to whom, and what came of it. docs/storage-format.md describes every column.

ALTER TABLE notices ADD COLUMN planned_time bigint;

CREATE TABLE notice_mails (
    id           bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    department   text COLLATE "C" NOT NULL,
    member       text COLLATE "C" NOT NULL,
    notices      bytea NOT NULL CHECK (octet_length(notices) % 16 = 0),
    state        text COLLATE "C" NOT NULL,
    created_time bigint NOT NULL,
    due_time     bigint NOT NULL,
    attempts     bigint NOT NULL,
    handed       bigint NOT NULL,
    lease        bytea NOT NULL,
    lease_until  bigint NOT NULL,
    failure      text COLLATE "C" NOT NULL
);

CREATE INDEX notice_mails_due ON notice_mails (state, due_time);
