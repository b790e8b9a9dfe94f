-- who is told what happens; topics is a list as JSON, secrets are sealed
CREATE TABLE webhooks (
  id TEXT PRIMARY KEY, application_id TEXT NOT NULL, url TEXT NOT NULL, topics TEXT NOT NULL, description TEXT NOT NULL,
  sealed_secret TEXT NOT NULL, sealed_old_secret TEXT, old_secret_until BIGINT,
  enabled BIGINT NOT NULL, disabled_reason TEXT, failing_since BIGINT, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL
);
CREATE INDEX webhooks_by_application ON webhooks (application_id, created_at, id);
-- one message for one webhook: pending, delivered or failed
CREATE TABLE deliveries (
  id TEXT PRIMARY KEY, webhook_id TEXT NOT NULL, event_id TEXT NOT NULL, topic TEXT NOT NULL, payload TEXT NOT NULL, status TEXT NOT NULL,
  attempts BIGINT NOT NULL, due_at BIGINT NOT NULL, leased_until BIGINT NOT NULL, response_status BIGINT, error TEXT,
  created_at BIGINT NOT NULL, finished_at BIGINT
);
CREATE INDEX deliveries_by_due ON deliveries (status, webhook_id, due_at, id);
CREATE INDEX deliveries_by_webhook ON deliveries (webhook_id, created_at, id);
CREATE INDEX outbox_by_time ON outbox (created_at, id);
