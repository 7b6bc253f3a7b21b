DROP TABLE send_calendars;
DROP TABLE send_overlaps;
DROP TABLE send_comments;
DROP TABLE sends;
