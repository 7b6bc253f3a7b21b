DROP TABLE notices;
DROP TABLE desk_absences;
DROP TABLE case_entries;
DROP TABLE cases;
