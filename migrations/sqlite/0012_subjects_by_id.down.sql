DROP INDEX subjects_by_id;
CREATE INDEX subjects_by_id ON subjects (subject);
