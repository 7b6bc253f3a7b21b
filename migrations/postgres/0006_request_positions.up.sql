-- Positions that the answer of a request names far before those that it was given. docs/storage-format.md describes every column.

CREATE TABLE request_positions (
    request      bytea  NOT NULL CHECK (octet_length(request) = 32),
    position     bigint NOT NULL,
    expires_time bigint NOT NULL,
    PRIMARY KEY (request, position)
);
CREATE INDEX request_positions_by_position ON request_positions (position);
