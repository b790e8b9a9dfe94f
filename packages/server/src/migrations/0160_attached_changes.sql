-- Instant JSON or XFDF that came with a file: applied once the file is prepared, before anybody sees the document
ALTER TABLE revisions ADD COLUMN changes_blob TEXT;
ALTER TABLE overwrites ADD COLUMN changes_blob TEXT;
