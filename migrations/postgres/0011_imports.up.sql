-- Imports: lists of other tools that are recorded as one batch each. docs/storage-format.md describes every column.

CREATE TABLE imports (
    id             bytea  PRIMARY KEY CHECK (octet_length(id) = 16),
    identity       bytea  NOT NULL CHECK (octet_length(identity) = 16),
    client         text   NOT NULL,
    department     text   COLLATE "C" NOT NULL,
    sealed         bytea  NOT NULL,
    size           bigint NOT NULL,
    created_time   bigint NOT NULL,
    state          text   COLLATE "C" NOT NULL,
    upload         bytea  NOT NULL CHECK (octet_length(upload) = 16),
    updated_time   bigint,
    completed_time bigint,
    report         text   NOT NULL,
    generation     bigint NOT NULL
);

CREATE UNIQUE INDEX imports_identity ON imports (identity, generation);
CREATE INDEX imports_created ON imports (created_time, id);
