DROP TABLE requests;
DROP TABLE clients;
DROP TABLE catalog_refs;
DROP TABLE catalogs;
DROP TABLE states;
DROP TABLE subjects;
DROP TABLE events;
DROP TABLE ledger_head;
