DROP TABLE mailboxes_fill;
DROP TABLE mailboxes;
