-- Cases: what persons complain of and ask, with what was done about each; who is away; and what desks and officers are told.
-- docs/storage-format.md describes every column.

CREATE TABLE cases (
    id              bigint NOT NULL PRIMARY KEY,
    kind            text COLLATE "C" NOT NULL,
    state           text COLLATE "C" NOT NULL,
    origin          text COLLATE "C" NOT NULL,
    department      text COLLATE "C" NOT NULL,
    assignee        text COLLATE "C" NOT NULL,
    folded          bytea CHECK (octet_length(folded) = 32),
    sealed          bytea NOT NULL,
    personal        bigint NOT NULL,
    channel         text COLLATE "C" NOT NULL,
    sender_identity text COLLATE "C" NOT NULL,
    received_time   bigint NOT NULL,
    opened_time     bigint NOT NULL,
    due_time        bigint NOT NULL,
    due_rule        text COLLATE "C" NOT NULL,
    law_due_time    bigint,
    law_due_rule    text COLLATE "C" NOT NULL,
    resubmit_time   bigint,
    answered_time   bigint,
    answered_late   bigint NOT NULL,
    closed_time     bigint,
    outcome         text COLLATE "C" NOT NULL,
    sender_informed text COLLATE "C" NOT NULL,
    revision        bigint NOT NULL
);

CREATE INDEX cases_order ON cases (due_time, id);
CREATE INDEX cases_state ON cases (state, due_time, id);
CREATE INDEX cases_department ON cases (department, due_time, id);
CREATE INDEX cases_received ON cases (received_time);
CREATE INDEX cases_closed ON cases (closed_time);
CREATE INDEX cases_folded ON cases (folded);

CREATE TABLE case_entries (
    case_id    bigint NOT NULL,
    number     bigint NOT NULL,
    entry_time bigint NOT NULL,
    author     text COLLATE "C" NOT NULL,
    kind       text COLLATE "C" NOT NULL,
    mail       bytea CHECK (octet_length(mail) = 16),
    sealed     bytea NOT NULL,
    PRIMARY KEY (case_id, number)
);

CREATE INDEX case_entries_mail ON case_entries (mail);

CREATE TABLE desk_absences (
    id           bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    department   text COLLATE "C" NOT NULL,
    member       text COLLATE "C" NOT NULL,
    from_time    bigint NOT NULL,
    until_time   bigint NOT NULL,
    deputy       text COLLATE "C" NOT NULL,
    created_time bigint NOT NULL,
    created_by   text COLLATE "C" NOT NULL
);

CREATE INDEX desk_absences_order ON desk_absences (department, from_time, id);

CREATE TABLE notices (
    id           bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    audience     text COLLATE "C" NOT NULL,
    recipient    text COLLATE "C" NOT NULL,
    department   text COLLATE "C" NOT NULL,
    kind         text COLLATE "C" NOT NULL,
    resource     text COLLATE "C" NOT NULL,
    created_time bigint NOT NULL,
    told_time    bigint
);

CREATE INDEX notices_order ON notices (created_time, id);
