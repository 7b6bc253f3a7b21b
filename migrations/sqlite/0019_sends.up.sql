-- Sends: planned mailings, what is said about them, whom they meet, and calendars of them. docs/storage-format.md describes every column.

CREATE TABLE sends (
    id             TEXT PRIMARY KEY,
    channel        TEXT NOT NULL,
    sender         TEXT NOT NULL,
    department     TEXT NOT NULL,
    sealed         BLOB NOT NULL,
    from_time      INTEGER NOT NULL,
    until_time     INTEGER NOT NULL,
    expected_size  INTEGER NOT NULL,
    priority       INTEGER NOT NULL,
    state          TEXT NOT NULL,
    comment_until  INTEGER NOT NULL,
    objections     INTEGER NOT NULL,
    cleared_time   INTEGER,
    cleared_by     TEXT NOT NULL,
    created_time   INTEGER NOT NULL,
    created_by     TEXT NOT NULL,
    updated_time   INTEGER NOT NULL,
    revision       INTEGER NOT NULL,
    comments       INTEGER NOT NULL,
    started_time   INTEGER,
    ended_time     INTEGER,
    previewed_time INTEGER,
    preview        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sends_from ON sends (from_time, id);
CREATE INDEX sends_waiting ON sends (comment_until) WHERE state = 'planned';

CREATE TABLE send_comments (
    send         TEXT NOT NULL,
    number       INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    department   TEXT NOT NULL,
    client       TEXT NOT NULL,
    created_time INTEGER NOT NULL,
    sealed       BLOB NOT NULL,
    PRIMARY KEY (send, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE send_overlaps (
    send       TEXT NOT NULL,
    department TEXT NOT NULL,
    other      TEXT NOT NULL,
    overlap    INTEGER NOT NULL,
    over_now   INTEGER NOT NULL,
    over_all   INTEGER NOT NULL,
    leavers    INTEGER NOT NULL,
    PRIMARY KEY (send, department, other)
) STRICT, WITHOUT ROWID;

CREATE TABLE send_calendars (
    id           TEXT PRIMARY KEY,
    token_hash   BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    department   TEXT NOT NULL,
    created_time INTEGER NOT NULL,
    created_by   TEXT NOT NULL,
    revoked_time INTEGER,
    revoked_by   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
