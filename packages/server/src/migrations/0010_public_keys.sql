-- public keys with which applications sign tokens themselves; a removed one stays, so that the sessions of its tokens end with it
CREATE TABLE public_keys (
  id TEXT PRIMARY KEY, application_id TEXT NOT NULL REFERENCES applications (id), name TEXT NOT NULL, algorithm TEXT NOT NULL, pem TEXT NOT NULL,
  fingerprint TEXT NOT NULL, max_ttl BIGINT, created_at BIGINT NOT NULL, removed_at BIGINT
);
CREATE INDEX public_keys_by_application ON public_keys (application_id, created_at);
-- one application for each key, so that a token is of one application
CREATE UNIQUE INDEX public_keys_by_fingerprint ON public_keys (fingerprint) WHERE removed_at IS NULL;
-- a token that an application signed names its document only: whose it may be
CREATE INDEX documents_by_id ON documents (id);
ALTER TABLE sessions ADD public_key_id TEXT;
