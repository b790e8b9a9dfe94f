-- what has ended is taken away after a while
CREATE INDEX sessions_by_end ON sessions (expires_at);
CREATE INDEX api_keys_by_end ON api_keys (expires_at);
