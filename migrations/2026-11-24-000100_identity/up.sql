-- Identity: invited people without a password yet, one-time tokens that set one, and ends that can be undone.
-- The functions are like those of access_functions: SECURITY DEFINER, pinned, listed in the catalog test.

ALTER TABLE tenancy.users ALTER COLUMN password_hash DROP NOT NULL;
COMMENT ON COLUMN tenancy.users.password_hash IS 'argon2id, PHC string; empty until an invited person has chosen a password, which no password matches.';

CREATE TABLE tenancy.one_time_tokens (
  key_id      text        NOT NULL,
  secret_hash bytea       NOT NULL,
  purpose     text        NOT NULL,
  user_id     uuid        NOT NULL,
  created_at  timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL,
  used_at     timestamptz,
  ended_at    timestamptz,
  CONSTRAINT one_time_tokens_pkey PRIMARY KEY (key_id),
  CONSTRAINT one_time_tokens_user_fkey FOREIGN KEY (user_id) REFERENCES tenancy.users (id),
  CONSTRAINT one_time_tokens_purpose_check CHECK (purpose IN ('invite', 'reset')),
  CONSTRAINT one_time_tokens_secret_hash_check CHECK (octet_length(secret_hash) = 32),
  CONSTRAINT one_time_tokens_times_check CHECK (expires_at > created_at AND num_nonnulls(used_at, ended_at) < 2)
);
COMMENT ON TABLE tenancy.one_time_tokens IS 'Who holds one may set a person''s password, once. Global, reached through functions only.';
COMMENT ON COLUMN tenancy.one_time_tokens.key_id IS 'The public part of the token; may appear in logs.';
COMMENT ON COLUMN tenancy.one_time_tokens.secret_hash IS 'SHA-256 of the secret part.';
COMMENT ON COLUMN tenancy.one_time_tokens.ended_at IS 'Replaced by a newer one, or outlived by a password that was set otherwise.';
-- at most one counts
CREATE UNIQUE INDEX one_time_tokens_open_key ON tenancy.one_time_tokens (user_id) WHERE used_at IS NULL AND ended_at IS NULL;
CREATE INDEX one_time_tokens_user_idx ON tenancy.one_time_tokens (user_id);

-- === one-time tokens ===

CREATE FUNCTION tenancy.one_time_end(p_user_id uuid, p_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE tenancy.one_time_tokens o SET ended_at = p_at
  WHERE o.user_id = p_user_id AND o.used_at IS NULL AND o.ended_at IS NULL
    AND EXISTS (SELECT FROM tenancy.memberships m
                WHERE m.practice_id = current_setting('app.practice_id')::uuid AND m.user_id = p_user_id);
END $$;
COMMENT ON FUNCTION tenancy.one_time_end(uuid, timestamptz) IS 'Ends the open one-time token of a member of this practice. Nothing for anybody else.';

CREATE FUNCTION tenancy.one_time_insert(p_key_id text, p_secret_hash bytea, p_purpose text, p_user_id uuid,
                                        p_created_at timestamptz, p_expires_at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- one at a time, so that two of the same moment don't meet at the unique index
  PERFORM FROM tenancy.users u
  WHERE u.id = p_user_id AND u.is_active
    AND EXISTS (SELECT FROM tenancy.memberships m
                WHERE m.practice_id = current_setting('app.practice_id')::uuid AND m.user_id = p_user_id)
  FOR NO KEY UPDATE OF u;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM tenancy.one_time_end(p_user_id, p_created_at);
  INSERT INTO tenancy.one_time_tokens (key_id, secret_hash, purpose, user_id, created_at, expires_at)
  VALUES (p_key_id, p_secret_hash, p_purpose, p_user_id, p_created_at, p_expires_at);
  RETURN true;
END $$;
COMMENT ON FUNCTION tenancy.one_time_insert(text, bytea, text, uuid, timestamptz, timestamptz) IS
  'Stores a one-time token for an active member of this practice and ends the one before; false, and no change, for anybody else.';

CREATE FUNCTION tenancy.one_time_resolve(p_key_id text)
RETURNS TABLE (secret_hash bytea, purpose text, user_id uuid, expires_at timestamptz, is_open boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT o.secret_hash, o.purpose, o.user_id, o.expires_at, o.used_at IS NULL AND o.ended_at IS NULL AND u.is_active
    FROM tenancy.one_time_tokens o JOIN tenancy.users u ON u.id = o.user_id
    WHERE o.key_id = p_key_id;
END $$;
COMMENT ON FUNCTION tenancy.one_time_resolve(text) IS 'One one-time token, or no row. Comparing the hash and judging the time is the caller''s work.';

CREATE FUNCTION tenancy.one_time_redeem(p_key_id text, p_secret_hash bytea, p_password_hash text, p_at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  redeemer uuid;
BEGIN
  UPDATE tenancy.one_time_tokens o SET used_at = p_at
  WHERE o.key_id = p_key_id AND o.secret_hash = p_secret_hash AND o.used_at IS NULL AND o.ended_at IS NULL AND o.expires_at > p_at
    AND EXISTS (SELECT FROM tenancy.users u WHERE u.id = o.user_id AND u.is_active)
  RETURNING o.user_id INTO redeemer;
  IF redeemer IS NULL THEN
    RETURN false;
  END IF;
  UPDATE tenancy.users u SET password_hash = p_password_hash, version = u.version + 1, updated_at = p_at WHERE u.id = redeemer;
  UPDATE tenancy.tokens t SET revoked_at = p_at WHERE t.user_id = redeemer AND t.revoked_at IS NULL;
  RETURN true;
END $$;
COMMENT ON FUNCTION tenancy.one_time_redeem(text, bytea, text, timestamptz) IS
  'Sets the password of the token''s person and ends their sessions; false, and no change, unless key and secret are those of a token that still counts.';

-- === people ===

CREATE FUNCTION tenancy.user_change_password(p_id uuid, p_old_hash text, p_new_hash text, p_keep_key_id text, p_at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE tenancy.users u SET password_hash = p_new_hash, version = u.version + 1, updated_at = p_at
  WHERE u.id = p_id AND u.password_hash = p_old_hash AND u.is_active;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE tenancy.tokens t SET revoked_at = p_at WHERE t.user_id = p_id AND t.key_id <> p_keep_key_id AND t.revoked_at IS NULL;
  UPDATE tenancy.one_time_tokens o SET ended_at = p_at WHERE o.user_id = p_id AND o.used_at IS NULL AND o.ended_at IS NULL;
  RETURN true;
END $$;
COMMENT ON FUNCTION tenancy.user_change_password(uuid, text, text, text, timestamptz) IS
  'For the caller''s own password: replaces the hash that was compared, ends all sessions but the caller''s; false when it is not that hash any more.';

-- === service accounts ===

CREATE FUNCTION tenancy.service_account_set_active(p_id uuid, p_is_active boolean, p_at timestamptz) RETURNS SETOF tenancy.service_accounts
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    UPDATE tenancy.service_accounts a SET is_active = p_is_active, version = a.version + 1, updated_at = p_at
    WHERE a.id = p_id
      AND EXISTS (SELECT FROM tenancy.service_grants g
                  WHERE g.practice_id = current_setting('app.practice_id')::uuid AND g.account_id = p_id)
    RETURNING a.*;
END $$;
COMMENT ON FUNCTION tenancy.service_account_set_active(uuid, boolean, timestamptz) IS
  'Suspends or reactivates a service account with a grant in this practice; no row for others. Whether the practice may decide that alone is the caller''s work.';

CREATE FUNCTION tenancy.grant_end(p_account_id uuid, p_at timestamptz) RETURNS SETOF tenancy.service_grants
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    UPDATE tenancy.service_grants g
    SET valid_to = GREATEST(g.valid_from, LEAST(g.valid_to, p_at)), version = g.version + 1, updated_at = p_at
    WHERE g.practice_id = current_setting('app.practice_id')::uuid AND g.account_id = p_account_id
    RETURNING g.*;
END $$;
COMMENT ON FUNCTION tenancy.grant_end(uuid, timestamptz) IS
  'Ends an account''s grant in this practice; an end that is past already stays, and a grant that has not begun never will.';

GRANT EXECUTE ON FUNCTION
  tenancy.one_time_end(uuid, timestamptz),
  tenancy.one_time_insert(text, bytea, text, uuid, timestamptz, timestamptz),
  tenancy.one_time_resolve(text),
  tenancy.one_time_redeem(text, bytea, text, timestamptz),
  tenancy.user_change_password(uuid, text, text, text, timestamptz),
  tenancy.service_account_set_active(uuid, boolean, timestamptz),
  tenancy.grant_end(uuid, timestamptz)
TO claims_app;
