-- Subjects in the order of their ids, without a look-up in the table for each. docs/storage-format.md describes every column.

DROP INDEX subjects_by_id;
CREATE INDEX subjects_by_id ON subjects (subject, key_version, fold_version, address, erased_time);
