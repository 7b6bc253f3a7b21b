ALTER TABLE requests
    ALTER COLUMN body_mac SET STATISTICS -1,
    ALTER COLUMN answer SET STATISTICS -1;
ALTER TABLE states ALTER COLUMN state SET STATISTICS -1;
ALTER TABLE subjects ALTER COLUMN address SET STATISTICS -1;
ALTER TABLE events
    ALTER COLUMN header SET STATISTICS -1,
    ALTER COLUMN evidence SET STATISTICS -1;
DROP TABLE checkpoints;
DROP TABLE claims;
DROP TABLE erased_returns;
DROP TABLE disclosures;
DROP INDEX requests_by_position;
DROP INDEX events_by_erasure;
ALTER TABLE requests DROP COLUMN last_position;
ALTER TABLE requests DROP COLUMN first_position;
