-- nobody reads records by seq: changes tell what has changed since
DROP INDEX records_by_seq;
