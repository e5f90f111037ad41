CREATE OR REPLACE FUNCTION audit.link_after(state bytea, head bytea, practice uuid, place bigint, body bytea, mac bytea)
RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN audit.link(practice, place, coalesce(state, head), body, mac);
