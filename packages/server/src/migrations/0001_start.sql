-- applications and who may do what
CREATE TABLE applications (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, allowed_origins TEXT NOT NULL, created_at BIGINT NOT NULL
);
CREATE TABLE accounts (
  id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, password_hash TEXT, created_at BIGINT NOT NULL
);
-- dashboard sign-ins; one-time links (kind 'link') and cookies (kind 'cookie'); only hashes are stored
CREATE TABLE sign_ins (
  hash TEXT PRIMARY KEY, kind TEXT NOT NULL, account_id TEXT, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL
);
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY, application_id TEXT NOT NULL REFERENCES applications (id), name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, hint TEXT NOT NULL,
  scope TEXT NOT NULL, created_at BIGINT NOT NULL, last_used_at BIGINT, revoked_at BIGINT
);
CREATE TABLE signing_keys (
  id TEXT PRIMARY KEY, private_jwk TEXT NOT NULL, public_jwk TEXT NOT NULL, created_at BIGINT NOT NULL
);
-- blobs and the documents that use them
CREATE TABLE blobs (
  application_id TEXT NOT NULL, sha256 TEXT NOT NULL, size BIGINT NOT NULL, media_type TEXT NOT NULL, created_at BIGINT NOT NULL,
  PRIMARY KEY (application_id, sha256)
);
CREATE TABLE documents (
  application_id TEXT NOT NULL REFERENCES applications (id), id TEXT NOT NULL, title TEXT, status TEXT NOT NULL, status_reason TEXT,
  revision BIGINT NOT NULL, source_sha256 TEXT NOT NULL, byte_size BIGINT NOT NULL, page_count BIGINT, password_protected BIGINT NOT NULL,
  sealed_password TEXT, metadata TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
  PRIMARY KEY (application_id, id)
);
CREATE INDEX documents_by_time ON documents (application_id, created_at, id);
CREATE TABLE blob_uses (
  application_id TEXT NOT NULL, document_id TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (application_id, document_id, sha256)
);
CREATE TABLE revisions (
  application_id TEXT NOT NULL, document_id TEXT NOT NULL, n BIGINT NOT NULL, source_blob TEXT NOT NULL, base_blob TEXT, created_at BIGINT NOT NULL,
  PRIMARY KEY (application_id, document_id, n)
);
-- layers: a log of records over the base
CREATE TABLE layers (
  id TEXT PRIMARY KEY, application_id TEXT NOT NULL, document_id TEXT NOT NULL, name TEXT NOT NULL, revision BIGINT NOT NULL,
  seq BIGINT NOT NULL, floor_seq BIGINT NOT NULL, epoch BIGINT NOT NULL, created_at BIGINT NOT NULL,
  UNIQUE (application_id, document_id, name)
);
CREATE TABLE records (
  layer_id TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, seq BIGINT NOT NULL, page_id TEXT,
  created_by TEXT, created_at BIGINT NOT NULL, updated_by TEXT, updated_at BIGINT NOT NULL, grp TEXT, deleted BIGINT NOT NULL, data TEXT NOT NULL,
  PRIMARY KEY (layer_id, id)
);
CREATE INDEX records_by_seq ON records (layer_id, seq);
CREATE TABLE changes (
  layer_id TEXT NOT NULL, seq BIGINT NOT NULL, sid TEXT NOT NULL, n BIGINT NOT NULL, actor TEXT, at BIGINT NOT NULL, ops TEXT NOT NULL,
  PRIMARY KEY (layer_id, seq)
);
CREATE TABLE peers (
  layer_id TEXT NOT NULL, sid TEXT NOT NULL, user_id TEXT, last_n BIGINT NOT NULL, rejects TEXT NOT NULL, updated_at BIGINT NOT NULL,
  PRIMARY KEY (layer_id, sid)
);
-- sessions: what tokens stand for
CREATE TABLE sessions (
  id TEXT PRIMARY KEY, application_id TEXT NOT NULL, user_id TEXT, creator_name TEXT, documents TEXT NOT NULL, allowed_origins TEXT NOT NULL,
  created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, revoked_at BIGINT
);
CREATE INDEX sessions_by_time ON sessions (application_id, created_at, id);
-- work to do, usage, events
CREATE TABLE jobs (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, payload TEXT NOT NULL, due_at BIGINT NOT NULL, attempts BIGINT NOT NULL,
  leased_by TEXT, leased_until BIGINT, created_at BIGINT NOT NULL, UNIQUE (kind, key)
);
CREATE INDEX jobs_by_due ON jobs (due_at);
CREATE TABLE outbox (
  id TEXT PRIMARY KEY, application_id TEXT NOT NULL, topic TEXT NOT NULL, payload TEXT NOT NULL, created_at BIGINT NOT NULL
);
-- one row per thing counted: the primary key makes a repeat harmless
CREATE TABLE usage (
  application_id TEXT NOT NULL, day TEXT NOT NULL, what TEXT NOT NULL, key TEXT NOT NULL, amount BIGINT NOT NULL,
  PRIMARY KEY (application_id, day, what, key)
);
