-- The addresses that are held of each mailbox. docs/storage-format.md describes every column.

CREATE TABLE mailboxes (
    mailbox         BLOB    NOT NULL CHECK (length(mailbox) = 16),
    digest          BLOB    NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (mailbox, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE mailboxes_fill (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    subject         BLOB    NOT NULL CHECK (length(subject) = 16),
    passes          INTEGER NOT NULL,
    due_time        INTEGER NOT NULL
) STRICT;

-- Only a server has the keys that the rows are made with. A database that has no head yet lacks none.
INSERT INTO mailboxes_fill (id, subject, passes, due_time) SELECT 1, zeroblob(16), 2, 0 FROM ledger_head;
