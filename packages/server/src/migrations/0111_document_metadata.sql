-- documents by what an app keeps with them: digest is the SHA-256 of a name and its value, which may be longer than an index takes
CREATE TABLE document_metadata (
  application_id TEXT NOT NULL, digest TEXT NOT NULL, document_id TEXT NOT NULL,
  PRIMARY KEY (application_id, digest, document_id)
);
CREATE INDEX document_metadata_by_document ON document_metadata (application_id, document_id);
