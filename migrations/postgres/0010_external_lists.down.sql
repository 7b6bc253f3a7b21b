DROP TABLE external_list_activations;
DROP TABLE external_list_chunks;
DROP TABLE external_list_versions;
DROP TABLE external_lists;
ALTER TABLE ledger_head DROP COLUMN lists_sum;
