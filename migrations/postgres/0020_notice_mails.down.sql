DROP TABLE notice_mails;
ALTER TABLE notices DROP COLUMN planned_time;
