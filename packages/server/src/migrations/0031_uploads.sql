-- uploads that are sent in parts; one with finished_at is the document of its id
CREATE TABLE uploads (
  id TEXT PRIMARY KEY, application_id TEXT NOT NULL, document_id TEXT NOT NULL, size BIGINT NOT NULL, received BIGINT NOT NULL,
  fields TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, finished_at BIGINT, held_by TEXT, held_until BIGINT
);
CREATE INDEX uploads_by_end ON uploads (expires_at);
