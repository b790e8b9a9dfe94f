-- history of a layer: the last erasing change, and which session made a change
ALTER TABLE layers ADD COLUMN erased_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE changes ADD COLUMN session_id TEXT;
