-- PL/pgSQL keeps its plan for as long as the connection lives; an SQL function under an aggregate is planned anew by every
-- statement, which cost a batch of reads half as much as writing it.

CREATE OR REPLACE FUNCTION audit.link_after(state bytea, head bytea, practice uuid, place bigint, body bytea, mac bytea)
RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
  RETURN audit.link(practice, place, coalesce(state, head), body, mac);
END $$;
