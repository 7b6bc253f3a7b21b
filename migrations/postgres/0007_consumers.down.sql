DROP TABLE feed_removals_dropped;
DROP TABLE feed_removals;
DROP TABLE list_hashes;
DROP TABLE consumers;
