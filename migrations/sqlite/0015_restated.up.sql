-- Facts that a batch states and an event of another batch has recorded. docs/storage-format.md describes every column.

CREATE TABLE restated (
    batch           BLOB NOT NULL CHECK (length(batch) = 16),
    digest          BLOB NOT NULL CHECK (length(digest) = 16),
    first_position  INTEGER NOT NULL,
    last_position   INTEGER NOT NULL,
    positions       BLOB NOT NULL,
    PRIMARY KEY (batch, digest)
) STRICT;

CREATE INDEX restated_range ON restated (last_position, first_position, batch, digest);
