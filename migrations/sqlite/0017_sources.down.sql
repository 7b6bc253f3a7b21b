DROP TABLE allowed_hours;
DROP TABLE source_tokens;
DROP TABLE sources;
