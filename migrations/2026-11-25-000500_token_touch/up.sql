-- The first call of a day writes a service token's row, and those that come at the same moment no more.
CREATE OR REPLACE FUNCTION tenancy.token_touch(p_key_id text, p_used_on date, p_idle_expires_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE tenancy.tokens t
  SET last_used_on = GREATEST(t.last_used_on, p_used_on),
      idle_expires_at = CASE WHEN t.kind = 'session' THEN GREATEST(t.idle_expires_at, LEAST(p_idle_expires_at, t.expires_at)) END
  WHERE t.key_id = p_key_id AND t.revoked_at IS NULL
    -- who waited for another's write finds nothing left to note
    AND (t.last_used_on IS NULL OR t.last_used_on < p_used_on OR t.idle_expires_at < LEAST(p_idle_expires_at, t.expires_at));
END $$;
