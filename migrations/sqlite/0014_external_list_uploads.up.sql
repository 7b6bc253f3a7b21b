-- Uploads of external lists that are under way, so that what a broken one stored can be deleted. docs/storage-format.md describes every column.

CREATE TABLE external_list_uploads (
    sha256        BLOB NOT NULL PRIMARY KEY CHECK (length(sha256) = 32),
    touched_time  INTEGER NOT NULL
) STRICT;

-- What uploads of an older version left. Of one that is under way the time is a little later.
INSERT INTO external_list_uploads (sha256, touched_time)
    SELECT DISTINCT sha256, unixepoch() * 1000000 FROM external_list_chunks
    WHERE sha256 NOT IN (SELECT sha256 FROM external_list_versions);
