-- Positions that the answer of a request names far before those that it was given. docs/storage-format.md describes every column.

CREATE TABLE request_positions (
    request       BLOB    NOT NULL CHECK (length(request) = 32),
    position      INTEGER NOT NULL,
    expires_time  INTEGER NOT NULL,
    PRIMARY KEY (request, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX request_positions_by_position ON request_positions (position);
