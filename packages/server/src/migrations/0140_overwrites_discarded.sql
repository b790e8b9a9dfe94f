-- of a file that was refused: did the document begin to use its bytes for it, so that they go with it?
ALTER TABLE overwrites ADD COLUMN began_use BIGINT NOT NULL DEFAULT 0;
