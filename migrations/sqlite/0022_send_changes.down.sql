ALTER TABLE sends DROP COLUMN keeping_time;
ALTER TABLE sends DROP COLUMN changed_by;
