-- up to which change a person has looked at a layer's history; comments may be unread all the same
ALTER TABLE seen ADD COLUMN history BIGINT NOT NULL DEFAULT 0;
