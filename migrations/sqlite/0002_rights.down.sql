DROP TABLE checkpoints;
DROP TABLE claims;
DROP TABLE erased_returns;
DROP TABLE disclosures;
DROP INDEX requests_by_position;
DROP INDEX events_by_erasure;
ALTER TABLE requests DROP COLUMN last_position;
ALTER TABLE requests DROP COLUMN first_position;
