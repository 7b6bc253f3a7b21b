ALTER TABLE clients DROP COLUMN prior_key_expires_time;
ALTER TABLE clients DROP COLUMN prior_key_hash;
ALTER TABLE clients DROP COLUMN key_expires_time;
