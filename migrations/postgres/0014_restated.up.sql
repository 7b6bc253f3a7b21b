-- Facts that a batch states and an event of another batch has recorded. docs/storage-format.md describes every column.

CREATE TABLE restated (
    batch           bytea NOT NULL CHECK (octet_length(batch) = 16),
    digest          bytea NOT NULL CHECK (octet_length(digest) = 16),
    first_position  bigint NOT NULL,
    last_position   bigint NOT NULL,
    positions       bytea NOT NULL,
    PRIMARY KEY (batch, digest)
);

CREATE INDEX restated_range ON restated (last_position, first_position, batch, digest);
