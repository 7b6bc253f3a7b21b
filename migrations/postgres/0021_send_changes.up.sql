-- Who changed the plan of a send, and which preview keeps its audience. docs/storage-format.md describes both columns.

ALTER TABLE sends ADD COLUMN changed_by text NOT NULL DEFAULT '';
ALTER TABLE sends ADD COLUMN keeping_time bigint;
