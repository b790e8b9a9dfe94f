-- a layer that is made anew under the name of a deleted one has another epoch, so that no client takes it for the old one
CREATE TABLE deleted_layers (
  application_id TEXT NOT NULL, document_id TEXT NOT NULL, name TEXT NOT NULL, epoch BIGINT NOT NULL,
  PRIMARY KEY (application_id, document_id, name)
);
