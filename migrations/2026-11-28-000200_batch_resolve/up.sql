-- Whose file it is, with one statement instead of a transaction in every practice that an adapter reaches.

ALTER TABLE claims.interchanges ADD CONSTRAINT interchanges_batch_key UNIQUE (practice_id, batch_id);

CREATE FUNCTION claims.batch_resolve(p_batch_id uuid, p_account_id uuid, p_at timestamptz)
RETURNS TABLE (practice_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT i.practice_id
    FROM tenancy.service_grants g
    JOIN claims.interchanges i ON i.practice_id = g.practice_id AND i.batch_id = p_batch_id
    WHERE g.account_id = p_account_id AND g.valid_from <= p_at AND (g.valid_to IS NULL OR p_at < g.valid_to);
END $$;
COMMENT ON FUNCTION claims.batch_resolve(uuid, uuid, timestamptz) IS
  'For claim files: whose file this is, if the service account is granted anything there at that time; otherwise no row, exactly as for a file that does not exist. What it may do there the call''s own scopes say.';
GRANT EXECUTE ON FUNCTION claims.batch_resolve(uuid, uuid, timestamptz) TO claims_app;

-- a file that broke off goes on when it comes again, found by its content
DROP INDEX claims.inbound_files_open_idx;
