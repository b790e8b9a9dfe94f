-- files that are to take the place of a document's own: prepared beside it, so that there is never a moment without a document
CREATE TABLE overwrites (
  application_id TEXT NOT NULL, document_id TEXT NOT NULL, n BIGINT NOT NULL, status TEXT NOT NULL, reason TEXT,
  source_blob TEXT NOT NULL, byte_size BIGINT NOT NULL, title TEXT, metadata TEXT, sealed_password TEXT, keep_annotations BIGINT NOT NULL,
  left_out TEXT, created_at BIGINT NOT NULL,
  PRIMARY KEY (application_id, document_id, n)
);
-- of earlier revisions: layers may stand on them yet
ALTER TABLE revisions ADD COLUMN password_protected BIGINT NOT NULL DEFAULT 0;
ALTER TABLE revisions ADD COLUMN sealed_password TEXT;
