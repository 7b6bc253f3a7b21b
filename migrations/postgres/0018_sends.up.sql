-- Sends: planned mailings, what is said about them, whom they meet, and calendars of them. docs/storage-format.md describes every column.

CREATE TABLE sends (
    id             text COLLATE "C" PRIMARY KEY,
    channel        text COLLATE "C" NOT NULL,
    sender         text NOT NULL,
    department     text COLLATE "C" NOT NULL,
    sealed         bytea NOT NULL,
    from_time      bigint NOT NULL,
    until_time     bigint NOT NULL,
    expected_size  bigint NOT NULL,
    priority       bigint NOT NULL,
    state          text NOT NULL,
    comment_until  bigint NOT NULL,
    objections     bigint NOT NULL,
    cleared_time   bigint,
    cleared_by     text NOT NULL,
    created_time   bigint NOT NULL,
    created_by     text NOT NULL,
    updated_time   bigint NOT NULL,
    revision       bigint NOT NULL,
    comments       bigint NOT NULL,
    started_time   bigint,
    ended_time     bigint,
    previewed_time bigint,
    preview        text NOT NULL
);

CREATE INDEX sends_from ON sends (from_time, id);
CREATE INDEX sends_waiting ON sends (comment_until) WHERE state = 'planned';

CREATE TABLE send_comments (
    send         text COLLATE "C" NOT NULL,
    number       bigint NOT NULL,
    kind         text NOT NULL,
    department   text COLLATE "C" NOT NULL,
    client       text COLLATE "C" NOT NULL,
    created_time bigint NOT NULL,
    sealed       bytea NOT NULL,
    PRIMARY KEY (send, number)
);

CREATE TABLE send_overlaps (
    send       text COLLATE "C" NOT NULL,
    department text COLLATE "C" NOT NULL,
    other      text COLLATE "C" NOT NULL,
    overlap    bigint NOT NULL,
    over_now   bigint NOT NULL,
    over_all   bigint NOT NULL,
    leavers    bigint NOT NULL,
    PRIMARY KEY (send, department, other)
);

CREATE TABLE send_calendars (
    id           text COLLATE "C" PRIMARY KEY,
    token_hash   bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    department   text COLLATE "C" NOT NULL,
    created_time bigint NOT NULL,
    created_by   text NOT NULL,
    revoked_time bigint,
    revoked_by   text NOT NULL
);
