-- Cases: what persons complain of and ask, with what was done about each; who is away; and what desks and officers are told.
-- docs/storage-format.md describes every column.

CREATE TABLE cases (
    id              INTEGER NOT NULL PRIMARY KEY,
    kind            TEXT NOT NULL,
    state           TEXT NOT NULL,
    origin          TEXT NOT NULL,
    department      TEXT NOT NULL,
    assignee        TEXT NOT NULL,
    folded          BLOB CHECK (length(folded) = 32),
    sealed          BLOB NOT NULL,
    personal        INTEGER NOT NULL,
    channel         TEXT NOT NULL,
    sender_identity TEXT NOT NULL,
    received_time   INTEGER NOT NULL,
    opened_time     INTEGER NOT NULL,
    due_time        INTEGER NOT NULL,
    due_rule        TEXT NOT NULL,
    law_due_time    INTEGER,
    law_due_rule    TEXT NOT NULL,
    resubmit_time   INTEGER,
    answered_time   INTEGER,
    answered_late   INTEGER NOT NULL,
    closed_time     INTEGER,
    outcome         TEXT NOT NULL,
    sender_informed TEXT NOT NULL,
    revision        INTEGER NOT NULL
) STRICT;

CREATE INDEX cases_order ON cases (due_time, id);
CREATE INDEX cases_state ON cases (state, due_time, id);
CREATE INDEX cases_department ON cases (department, due_time, id);
CREATE INDEX cases_received ON cases (received_time);
CREATE INDEX cases_closed ON cases (closed_time);
CREATE INDEX cases_folded ON cases (folded);

CREATE TABLE case_entries (
    case_id    INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    entry_time INTEGER NOT NULL,
    author     TEXT NOT NULL,
    kind       TEXT NOT NULL,
    mail       BLOB CHECK (length(mail) = 16),
    sealed     BLOB NOT NULL,
    PRIMARY KEY (case_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX case_entries_mail ON case_entries (mail);

CREATE TABLE desk_absences (
    id           BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    department   TEXT NOT NULL,
    member       TEXT NOT NULL,
    from_time    INTEGER NOT NULL,
    until_time   INTEGER NOT NULL,
    deputy       TEXT NOT NULL,
    created_time INTEGER NOT NULL,
    created_by   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX desk_absences_order ON desk_absences (department, from_time, id);

CREATE TABLE notices (
    id           BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    audience     TEXT NOT NULL,
    recipient    TEXT NOT NULL,
    department   TEXT NOT NULL,
    kind         TEXT NOT NULL,
    resource     TEXT NOT NULL,
    created_time INTEGER NOT NULL,
    told_time    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX notices_order ON notices (created_time, id);
