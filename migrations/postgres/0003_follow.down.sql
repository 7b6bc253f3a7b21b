DROP INDEX subjects_by_id;
DROP TABLE revisions;
ALTER TABLE ledger_head DROP COLUMN catalogs_sum;
ALTER TABLE ledger_head DROP COLUMN refs_sum;
ALTER TABLE ledger_head DROP COLUMN revision;
