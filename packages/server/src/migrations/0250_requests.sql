-- requests with an Idempotency-Key that made a document: whoever repeats one is told of the same document
CREATE TABLE requests (
  application_id TEXT NOT NULL, request TEXT NOT NULL, document_id TEXT NOT NULL, created_at BIGINT NOT NULL,
  PRIMARY KEY (application_id, request)
);
CREATE INDEX requests_by_document ON requests (application_id, document_id);
CREATE INDEX requests_by_age ON requests (created_at);
