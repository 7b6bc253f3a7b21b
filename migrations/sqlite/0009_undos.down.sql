DROP TABLE undos;
ALTER TABLE ledger_head DROP COLUMN undone;
