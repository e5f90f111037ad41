-- What the application may ask about people, service accounts and credentials. Each function is SECURITY
-- DEFINER with a pinned search_path, is listed in the catalog test, and answers only what its caller may know:
-- "this practice" is always the transaction's practice (tenancy.enter), never an argument.
-- Times are arguments: the service's clock decides, not the database's.

-- === credentials: before a practice is known ===

CREATE FUNCTION tenancy.token_resolve(p_key_id text)
RETURNS TABLE (
  key_id text, kind text, secret_hash bytea, created_at timestamptz, expires_at timestamptz,
  idle_expires_at timestamptz, last_used_on date, revoked_at timestamptz,
  user_id uuid, user_is_active boolean, user_is_verified boolean, user_role text, active_practice_id uuid,
  phi_training_completed boolean, phi_training_expires_at timestamptz,
  account_id uuid, account_name text, account_is_active boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT t.key_id, t.kind, t.secret_hash, t.created_at, t.expires_at, t.idle_expires_at, t.last_used_on, t.revoked_at,
           u.id, u.is_active, u.is_verified, u.role, u.active_practice_id, u.phi_training_completed, u.phi_training_expires_at,
           a.id, a.name, a.is_active
    FROM tenancy.tokens t
    LEFT JOIN tenancy.users u ON u.id = t.user_id
    LEFT JOIN tenancy.service_accounts a ON a.id = t.account_id
    WHERE t.key_id = p_key_id;
END $$;
COMMENT ON FUNCTION tenancy.token_resolve(text) IS
  'One credential and the gates of its bearer, or no row. Comparing the hash and judging the times is the caller''s work; user_* is empty for service accounts and account_* for people.';

CREATE FUNCTION tenancy.token_touch(p_key_id text, p_used_on date, p_idle_expires_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE tenancy.tokens t
  SET last_used_on = GREATEST(t.last_used_on, p_used_on),
      idle_expires_at = CASE WHEN t.kind = 'session' THEN GREATEST(t.idle_expires_at, LEAST(p_idle_expires_at, t.expires_at)) END
  WHERE t.key_id = p_key_id AND t.revoked_at IS NULL;
END $$;
COMMENT ON FUNCTION tenancy.token_touch(text, date, timestamptz) IS
  'Notes the use of a token and moves a session''s idle end forward (never back, never past expires_at). Call it when the stored values are due, not on every request.';

CREATE FUNCTION tenancy.user_by_email_for_login(p_email text)
RETURNS TABLE (id uuid, password_hash text, is_active boolean, is_verified boolean, active_practice_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT u.id, u.password_hash, u.is_active, u.is_verified, u.active_practice_id
    FROM tenancy.users u WHERE lower(u.email) = lower(p_email);
END $$;
COMMENT ON FUNCTION tenancy.user_by_email_for_login(text) IS 'The only function that gives a password hash. One row or none.';

CREATE FUNCTION tenancy.user_id_by_email(p_email text) RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (SELECT u.id FROM tenancy.users u WHERE lower(u.email) = lower(p_email) AND u.is_active);
END $$;
COMMENT ON FUNCTION tenancy.user_id_by_email(text) IS 'For giving an existing person a membership: the id and nothing else; NULL when there is no such active user.';

CREATE FUNCTION tenancy.memberships_of_user(p_user_id uuid)
RETURNS TABLE (practice_id uuid, practice_name text, practice_is_active boolean, user_id uuid, email text, role text, is_owner boolean,
               is_active boolean, therapist_id uuid, version bigint, created_at timestamptz, updated_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT m.practice_id, p.name, p.is_active, m.user_id, u.email, m.role, m.is_owner, m.is_active, m.therapist_id, m.version,
           m.created_at, m.updated_at
    FROM tenancy.memberships m
    JOIN tenancy.practices p ON p.id = m.practice_id
    JOIN tenancy.users u ON u.id = m.user_id
    WHERE m.user_id = p_user_id
    ORDER BY m.practice_id;
END $$;
COMMENT ON FUNCTION tenancy.memberships_of_user(uuid) IS
  'All memberships of one person, ended ones too, across practices. Ask it about the caller, or to learn whether somebody belongs to others too.';

CREATE FUNCTION tenancy.practices_of_user(p_user_id uuid, p_after uuid, p_limit integer) RETURNS SETOF tenancy.practices
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT p.* FROM tenancy.practices p JOIN tenancy.memberships m ON m.practice_id = p.id
    WHERE m.user_id = p_user_id AND m.is_active AND (p_after IS NULL OR p.id > p_after)
    ORDER BY p.id
    LIMIT p_limit;
END $$;
COMMENT ON FUNCTION tenancy.practices_of_user(uuid, uuid, integer) IS
  'The practices a person works in, by id, from behind p_after (exclusive; NULL = from the start). Ask it about the caller.';

CREATE FUNCTION tenancy.practices_of_account(p_account_id uuid, p_at timestamptz, p_after uuid, p_limit integer) RETURNS SETOF tenancy.practices
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT p.* FROM tenancy.practices p JOIN tenancy.service_grants g ON g.practice_id = p.id
    WHERE g.account_id = p_account_id AND g.valid_from <= p_at AND (g.valid_to IS NULL OR g.valid_to > p_at)
      AND (p_after IS NULL OR p.id > p_after)
    ORDER BY p.id
    LIMIT p_limit;
END $$;
COMMENT ON FUNCTION tenancy.practices_of_account(uuid, timestamptz, uuid, integer) IS
  'The practices a service account has a grant for at that time, by id, from behind p_after (exclusive; NULL = from the start). Ask it about the caller.';

CREATE FUNCTION tenancy.grants_of_account(p_account_id uuid)
RETURNS TABLE (practice_id uuid, practice_name text, practice_is_active boolean, scopes text[],
               valid_from timestamptz, valid_to timestamptz, updated_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT g.practice_id, p.name, p.is_active, g.scopes, g.valid_from, g.valid_to, g.updated_at
    FROM tenancy.service_grants g JOIN tenancy.practices p ON p.id = g.practice_id
    WHERE g.account_id = p_account_id
    ORDER BY g.practice_id;
END $$;
COMMENT ON FUNCTION tenancy.grants_of_account(uuid) IS 'All grants of one service account, ended ones too, across practices. Ask it about the caller.';

-- === tokens ===

CREATE FUNCTION tenancy.token_insert(p_key_id text, p_secret_hash bytea, p_kind text, p_user_id uuid, p_account_id uuid,
                                     p_created_at timestamptz, p_expires_at timestamptz, p_idle_expires_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO tenancy.tokens (key_id, secret_hash, kind, user_id, account_id, created_at, expires_at, idle_expires_at)
  VALUES (p_key_id, p_secret_hash, p_kind, p_user_id, p_account_id, p_created_at, p_expires_at, p_idle_expires_at);
END $$;
COMMENT ON FUNCTION tenancy.token_insert(text, bytea, text, uuid, uuid, timestamptz, timestamptz, timestamptz) IS
  'Stores a new credential; exactly one of user (kind session) and account (kind service).';

CREATE FUNCTION tenancy.token_revoke(p_key_id text, p_at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE tenancy.tokens t SET revoked_at = p_at WHERE t.key_id = p_key_id AND t.revoked_at IS NULL;
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION tenancy.token_revoke(text, timestamptz) IS 'Ends a credential for good; false when there is none or it had ended. Not limited to a practice: people log out of none.';

CREATE FUNCTION tenancy.token_end(p_key_id text, p_at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE tenancy.tokens t SET expires_at = LEAST(t.expires_at, p_at)
  WHERE t.key_id = p_key_id AND t.revoked_at IS NULL
    AND EXISTS (SELECT FROM tenancy.service_grants g
                WHERE g.practice_id = current_setting('app.practice_id')::uuid AND g.account_id = t.account_id);
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION tenancy.token_end(text, timestamptz) IS
  'Brings forward (never back) the end of a service token, for rotation; false unless its account has a grant in this practice.';

CREATE FUNCTION tenancy.tokens_revoke_of_user(p_user_id uuid, p_at timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  ended integer;
BEGIN
  UPDATE tenancy.tokens t SET revoked_at = p_at
  WHERE t.user_id = p_user_id AND t.revoked_at IS NULL
    AND EXISTS (SELECT FROM tenancy.memberships m
                WHERE m.practice_id = current_setting('app.practice_id')::uuid AND m.user_id = p_user_id);
  GET DIAGNOSTICS ended = ROW_COUNT;
  RETURN ended;
END $$;
COMMENT ON FUNCTION tenancy.tokens_revoke_of_user(uuid, timestamptz) IS 'Ends all sessions of a member of this practice; answers how many. Nothing for anybody else.';

CREATE FUNCTION tenancy.tokens_in_practice(p_account_id uuid, p_at timestamptz, p_after text, p_limit integer)
RETURNS TABLE (key_id text, kind text, user_id uuid, account_id uuid, created_at timestamptz, expires_at timestamptz,
               idle_expires_at timestamptz, last_used_on date, revoked_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT t.key_id, t.kind, t.user_id, t.account_id, t.created_at, t.expires_at, t.idle_expires_at, t.last_used_on, t.revoked_at
    FROM tenancy.service_grants g JOIN tenancy.tokens t ON t.account_id = g.account_id
    WHERE g.practice_id = current_setting('app.practice_id')::uuid
      AND (p_account_id IS NULL OR g.account_id = p_account_id)
      AND (p_at IS NULL OR (t.revoked_at IS NULL AND t.expires_at > p_at))
      AND (p_after IS NULL OR t.key_id > p_after)
    ORDER BY t.key_id
    LIMIT p_limit;
END $$;
COMMENT ON FUNCTION tenancy.tokens_in_practice(uuid, timestamptz, text, integer) IS
  'Tokens, without secrets, of the service accounts with a grant in this practice, or of one of them; with p_at only those that count then. By key id, from behind p_after (exclusive; NULL = from the start).';

-- === people ===

CREATE FUNCTION tenancy.user_insert(p_id uuid, p_email text, p_password_hash text, p_first_name text, p_last_name text,
                                    p_role text, p_is_verified boolean, p_phi_training_completed_at timestamptz,
                                    p_phi_training_expires_at timestamptz, p_at timestamptz)
RETURNS SETOF tenancy.user_profiles
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO tenancy.users (id, email, password_hash, first_name, last_name, role, is_verified, phi_training_completed,
                             phi_training_completed_at, phi_training_expires_at, created_at, updated_at)
  VALUES (p_id, p_email, p_password_hash, p_first_name, p_last_name, p_role, p_is_verified, p_phi_training_completed_at IS NOT NULL,
          p_phi_training_completed_at, p_phi_training_expires_at, p_at, p_at);
  RETURN QUERY SELECT u.* FROM tenancy.user_profiles u WHERE u.id = p_id;
END $$;
COMMENT ON FUNCTION tenancy.user_insert(uuid, text, text, text, text, text, boolean, timestamptz, timestamptz, timestamptz) IS
  'A new person; unique violation on users_email_key when the address is taken. The membership is the caller''s next statement.';

CREATE FUNCTION tenancy.user_update(p_id uuid, p_version bigint, p_email text, p_first_name text, p_last_name text, p_role text,
                                    p_is_active boolean, p_is_verified boolean, p_phi_training_completed_at timestamptz,
                                    p_phi_training_expires_at timestamptz, p_at timestamptz)
RETURNS SETOF tenancy.user_profiles
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE tenancy.users u
  SET email = p_email, first_name = p_first_name, last_name = p_last_name, role = p_role, is_active = p_is_active,
      is_verified = p_is_verified, phi_training_completed = p_phi_training_completed_at IS NOT NULL,
      phi_training_completed_at = p_phi_training_completed_at, phi_training_expires_at = p_phi_training_expires_at,
      version = u.version + 1, updated_at = p_at
  WHERE u.id = p_id AND u.version = p_version
    AND EXISTS (SELECT FROM tenancy.memberships m
                WHERE m.practice_id = current_setting('app.practice_id')::uuid AND m.user_id = p_id);
  IF FOUND THEN
    RETURN QUERY SELECT u.* FROM tenancy.user_profiles u WHERE u.id = p_id;
  END IF;
END $$;
COMMENT ON FUNCTION tenancy.user_update(uuid, bigint, text, text, text, text, boolean, boolean, timestamptz, timestamptz, timestamptz) IS
  'Replaces a member''s profile when the version still matches; no row when it does not, or when the person is no member of this practice.';

CREATE FUNCTION tenancy.user_get_in_practice(p_id uuid) RETURNS SETOF tenancy.user_profiles
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT u.* FROM tenancy.user_profiles u
    WHERE u.id = p_id
      AND EXISTS (SELECT FROM tenancy.memberships m
                  WHERE m.practice_id = current_setting('app.practice_id')::uuid AND m.user_id = p_id);
END $$;
COMMENT ON FUNCTION tenancy.user_get_in_practice(uuid) IS 'One member of this practice (ended memberships too), or no row.';

CREATE FUNCTION tenancy.user_profile(p_id uuid) RETURNS SETOF tenancy.user_profiles
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY SELECT u.* FROM tenancy.user_profiles u WHERE u.id = p_id;
END $$;
COMMENT ON FUNCTION tenancy.user_profile(uuid) IS 'One person, whatever the practice. Ask it about the caller.';

CREATE FUNCTION tenancy.user_set_password(p_id uuid, p_password_hash text, p_at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE tenancy.users u SET password_hash = p_password_hash, version = u.version + 1, updated_at = p_at
  WHERE u.id = p_id
    AND EXISTS (SELECT FROM tenancy.memberships m
                WHERE m.practice_id = current_setting('app.practice_id')::uuid AND m.user_id = p_id);
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION tenancy.user_set_password(uuid, text, timestamptz) IS 'False, and no change, unless the person is a member of this practice.';

CREATE FUNCTION tenancy.users_in_practice(p_include_inactive boolean, p_after uuid, p_limit integer) RETURNS SETOF tenancy.user_profiles
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT u.* FROM tenancy.memberships m JOIN tenancy.user_profiles u ON u.id = m.user_id
    WHERE m.practice_id = current_setting('app.practice_id')::uuid AND (p_include_inactive OR u.is_active)
      AND (p_after IS NULL OR m.user_id > p_after)
    ORDER BY m.user_id
    LIMIT p_limit;
END $$;
COMMENT ON FUNCTION tenancy.users_in_practice(boolean, uuid, integer) IS 'Members of this practice (ended memberships too) by id, from behind p_after (exclusive; NULL = from the start).';

CREATE FUNCTION tenancy.memberships_in_practice(p_user_id uuid, p_include_inactive boolean, p_after uuid, p_limit integer)
RETURNS TABLE (practice_id uuid, practice_name text, practice_is_active boolean, user_id uuid, email text, role text, is_owner boolean,
               is_active boolean, therapist_id uuid, version bigint, created_at timestamptz, updated_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT m.practice_id, p.name, p.is_active, m.user_id, u.email, m.role, m.is_owner, m.is_active, m.therapist_id, m.version,
           m.created_at, m.updated_at
    FROM tenancy.memberships m
    JOIN tenancy.practices p ON p.id = m.practice_id
    JOIN tenancy.users u ON u.id = m.user_id
    WHERE m.practice_id = current_setting('app.practice_id')::uuid AND (p_user_id IS NULL OR m.user_id = p_user_id)
      AND (p_include_inactive OR m.is_active) AND (p_after IS NULL OR m.user_id > p_after)
    ORDER BY m.user_id
    LIMIT p_limit;
END $$;
COMMENT ON FUNCTION tenancy.memberships_in_practice(uuid, boolean, uuid, integer) IS
  'Memberships of this practice with their people''s addresses, or the one of p_user_id; by user, from behind p_after (exclusive; NULL = from the start).';

CREATE FUNCTION tenancy.user_set_active_practice(p_user_id uuid, p_practice_id uuid, p_at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE tenancy.users u SET active_practice_id = p_practice_id, version = u.version + 1, updated_at = p_at
  WHERE u.id = p_user_id
    AND EXISTS (SELECT FROM tenancy.memberships m JOIN tenancy.practices p ON p.id = m.practice_id
                WHERE m.practice_id = p_practice_id AND m.user_id = p_user_id AND m.is_active AND p.is_active);
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION tenancy.user_set_active_practice(uuid, uuid, timestamptz) IS 'False, and no change, unless the person is an active member of that active practice.';

-- === service accounts ===

CREATE FUNCTION tenancy.service_account_insert(p_id uuid, p_name text, p_description text, p_at timestamptz) RETURNS SETOF tenancy.service_accounts
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    INSERT INTO tenancy.service_accounts (id, name, description, created_at, updated_at)
    VALUES (p_id, p_name, p_description, p_at, p_at) RETURNING *;
END $$;
COMMENT ON FUNCTION tenancy.service_account_insert(uuid, text, text, timestamptz) IS 'A new service account, without any grant.';

CREATE FUNCTION tenancy.service_account_get(p_id uuid) RETURNS SETOF tenancy.service_accounts
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY SELECT a.* FROM tenancy.service_accounts a WHERE a.id = p_id;
END $$;
COMMENT ON FUNCTION tenancy.service_account_get(uuid) IS 'One service account, whatever the practice. Ask it about the caller.';

CREATE FUNCTION tenancy.service_account_lock(p_id uuid) RETURNS SETOF tenancy.service_accounts
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT a.* FROM tenancy.service_accounts a
    WHERE a.id = p_id
      AND EXISTS (SELECT FROM tenancy.service_grants g
                  WHERE g.practice_id = current_setting('app.practice_id')::uuid AND g.account_id = p_id)
    FOR NO KEY UPDATE OF a;
END $$;
COMMENT ON FUNCTION tenancy.service_account_lock(uuid) IS
  'A service account with a grant in this practice, locked so that its tokens can be counted; or no row.';

CREATE FUNCTION tenancy.grant_upsert(p_account_id uuid, p_scopes text[], p_valid_from timestamptz, p_valid_to timestamptz, p_at timestamptz)
RETURNS SETOF tenancy.service_grants
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    INSERT INTO tenancy.service_grants AS g (practice_id, account_id, scopes, valid_from, valid_to, created_at, updated_at)
    VALUES (current_setting('app.practice_id')::uuid, p_account_id, p_scopes, p_valid_from, p_valid_to, p_at, p_at)
    ON CONFLICT (practice_id, account_id) DO UPDATE
      SET scopes = excluded.scopes, valid_from = excluded.valid_from, valid_to = excluded.valid_to,
          version = g.version + 1, updated_at = excluded.updated_at
    RETURNING g.*;
END $$;
COMMENT ON FUNCTION tenancy.grant_upsert(uuid, text[], timestamptz, timestamptz, timestamptz) IS
  'Gives, changes or (by p_valid_to) ends an account''s grant in this practice; foreign key violation service_grants_account_fkey when there is no such account.';

CREATE FUNCTION tenancy.service_accounts_in_practice(p_after uuid, p_limit integer)
RETURNS TABLE (id uuid, name text, description text, is_active boolean, version bigint, created_at timestamptz, updated_at timestamptz,
               scopes text[], valid_from timestamptz, valid_to timestamptz, grant_version bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT a.id, a.name, a.description, a.is_active, a.version, a.created_at, a.updated_at, g.scopes, g.valid_from, g.valid_to, g.version
    FROM tenancy.service_grants g JOIN tenancy.service_accounts a ON a.id = g.account_id
    WHERE g.practice_id = current_setting('app.practice_id')::uuid AND (p_after IS NULL OR g.account_id > p_after)
    ORDER BY g.account_id
    LIMIT p_limit;
END $$;
COMMENT ON FUNCTION tenancy.service_accounts_in_practice(uuid, integer) IS
  'Accounts with a grant (ended ones too) in this practice and that grant, by id, from behind p_after (exclusive; NULL = from the start).';

GRANT EXECUTE ON FUNCTION
  tenancy.token_resolve(text),
  tenancy.token_touch(text, date, timestamptz),
  tenancy.user_by_email_for_login(text),
  tenancy.user_id_by_email(text),
  tenancy.memberships_of_user(uuid),
  tenancy.practices_of_user(uuid, uuid, integer),
  tenancy.practices_of_account(uuid, timestamptz, uuid, integer),
  tenancy.grants_of_account(uuid),
  tenancy.token_insert(text, bytea, text, uuid, uuid, timestamptz, timestamptz, timestamptz),
  tenancy.token_revoke(text, timestamptz),
  tenancy.token_end(text, timestamptz),
  tenancy.tokens_revoke_of_user(uuid, timestamptz),
  tenancy.tokens_in_practice(uuid, timestamptz, text, integer),
  tenancy.user_insert(uuid, text, text, text, text, text, boolean, timestamptz, timestamptz, timestamptz),
  tenancy.user_update(uuid, bigint, text, text, text, text, boolean, boolean, timestamptz, timestamptz, timestamptz),
  tenancy.user_get_in_practice(uuid),
  tenancy.user_profile(uuid),
  tenancy.user_set_password(uuid, text, timestamptz),
  tenancy.users_in_practice(boolean, uuid, integer),
  tenancy.memberships_in_practice(uuid, boolean, uuid, integer),
  tenancy.user_set_active_practice(uuid, uuid, timestamptz),
  tenancy.service_account_insert(uuid, text, text, timestamptz),
  tenancy.service_account_get(uuid),
  tenancy.service_account_lock(uuid),
  tenancy.grant_upsert(uuid, text[], timestamptz, timestamptz, timestamptz),
  tenancy.service_accounts_in_practice(uuid, integer)
TO claims_app;
GRANT EXECUTE ON FUNCTION tenancy.grants_of_account(uuid) TO claims_feed;
