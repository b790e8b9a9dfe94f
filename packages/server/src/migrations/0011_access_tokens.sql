-- access tokens are API keys that end by themselves and may be limited to documents (a JSON list of ids; NULL: all)
ALTER TABLE api_keys ADD expires_at BIGINT;
ALTER TABLE api_keys ADD documents TEXT;
CREATE INDEX api_keys_by_application ON api_keys (application_id, created_at);
