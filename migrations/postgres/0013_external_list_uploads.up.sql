-- Uploads of external lists that are under way, so that what a broken one stored can be deleted. docs/storage-format.md describes every column.

CREATE TABLE external_list_uploads (
    sha256        bytea NOT NULL PRIMARY KEY CHECK (octet_length(sha256) = 32),
    touched_time  bigint NOT NULL
);
