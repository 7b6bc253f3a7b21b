-- Two keys at a time for a client, and an end for each. docs/storage-format.md describes every column.

ALTER TABLE clients ADD COLUMN key_expires_time INTEGER;
ALTER TABLE clients ADD COLUMN prior_key_hash BLOB CHECK (length(prior_key_hash) = 32);
ALTER TABLE clients ADD COLUMN prior_key_expires_time INTEGER;
