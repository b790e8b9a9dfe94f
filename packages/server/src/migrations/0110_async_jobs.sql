-- work that a caller asked for and may ask after; the work itself is a row of jobs
CREATE TABLE async_jobs (
  id TEXT PRIMARY KEY, application_id TEXT NOT NULL, document_id TEXT, kind TEXT NOT NULL, status TEXT NOT NULL, details TEXT NOT NULL,
  created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL
);
CREATE INDEX async_jobs_by_time ON async_jobs (updated_at);
