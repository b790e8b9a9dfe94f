-- who did what, when and from where; what was done to the records of a layer is in changes
CREATE TABLE audit (
  id TEXT PRIMARY KEY, application_id TEXT NOT NULL, at BIGINT NOT NULL, action TEXT NOT NULL, actor_kind TEXT NOT NULL, actor TEXT,
  address TEXT, document_id TEXT, target TEXT, details TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (application_id, at, id);
CREATE INDEX audit_by_document ON audit (application_id, document_id, at, id);
CREATE INDEX changes_by_time ON changes (at, layer_id, seq);
