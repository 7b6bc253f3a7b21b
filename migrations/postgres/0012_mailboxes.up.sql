-- The addresses that are held of each mailbox. docs/storage-format.md describes every column.

CREATE TABLE mailboxes (
    mailbox         bytea    NOT NULL CHECK (octet_length(mailbox) = 16),
    digest          bytea    NOT NULL CHECK (octet_length(digest) = 32),
    PRIMARY KEY (mailbox, digest)
);

CREATE TABLE mailboxes_fill (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    subject         bytea    NOT NULL CHECK (octet_length(subject) = 16),
    passes          bigint NOT NULL,
    due_time        bigint NOT NULL
);

-- Only a server has the keys that the rows are made with. A database that has no head yet lacks none.
INSERT INTO mailboxes_fill (id, subject, passes, due_time) SELECT 1, decode(repeat('00', 16), 'hex'), 2, 0 FROM ledger_head;
