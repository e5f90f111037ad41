-- Answers to repeats are kept for 30 days; without this they, and the PHI in them, would be kept forever.

-- rows come in the order of their time: a summary of blocks finds the old ones, and costs an insert nothing
CREATE INDEX requests_created_at_idx ON ops.requests USING brin (created_at);

-- the owner, whom the function runs as, sees and removes what is old enough and nothing else
CREATE POLICY purge_read ON ops.requests FOR SELECT TO claims_owner USING (created_at < now() - interval '30 days');
CREATE POLICY purge ON ops.requests FOR DELETE TO claims_owner USING (created_at < now() - interval '30 days');

CREATE FUNCTION ops.purge_requests(p_now timestamptz, p_max integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  purged integer;
BEGIN
  IF p_max IS NULL OR p_max NOT BETWEEN 1 AND 100000 THEN
    RAISE EXCEPTION 'p_max must be between 1 and 100000' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- a server whose clock runs ahead purges nothing early: the policies go by the database's
  DELETE FROM ops.requests WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM ops.requests WHERE created_at < p_now - interval '30 days' LIMIT p_max));
  GET DIAGNOSTICS purged = ROW_COUNT;
  RETURN purged;
END $$;
COMMENT ON FUNCTION ops.purge_requests(timestamptz, integer) IS
  'Removes up to so many answers that are older than 30 days; answers how many. SECURITY DEFINER: the server calls it with the application role, which may delete nothing itself. Whatever the caller takes the time for, nothing younger is removed.';
GRANT EXECUTE ON FUNCTION ops.purge_requests(timestamptz, integer) TO claims_app;
