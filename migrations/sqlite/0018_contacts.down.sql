DROP TABLE personal_caps;
DROP TABLE contacts;
