DROP TABLE restated;
