DROP TABLE request_positions;
