DROP TABLE worker_runs;
ALTER TABLE erased_returns ALTER COLUMN client TYPE text COLLATE "default";
ALTER TABLE clients ALTER COLUMN id TYPE text COLLATE "default";
