-- up to which change a person has seen a layer
CREATE TABLE seen (
  layer_id TEXT NOT NULL, user_id TEXT NOT NULL, seq BIGINT NOT NULL, PRIMARY KEY (layer_id, user_id)
);
