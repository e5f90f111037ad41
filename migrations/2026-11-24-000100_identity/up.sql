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

-- === failed log-ins ===

CREATE TABLE tenancy.login_attempts (
  key           bytea       NOT NULL,
  since         timestamptz NOT NULL,
  failed        integer     NOT NULL,
  last_at       timestamptz NOT NULL,
  trusted_until timestamptz,
  keep_until    timestamptz NOT NULL,
  CONSTRAINT login_attempts_pkey PRIMARY KEY (key),
  CONSTRAINT login_attempts_key_check CHECK (octet_length(key) = 32),
  CONSTRAINT login_attempts_failed_check CHECK (failed >= 0)
);
CREATE INDEX login_attempts_keep_until_idx ON tenancy.login_attempts (keep_until);
COMMENT ON TABLE tenancy.login_attempts IS 'Attempts that failed, counted within a window. Global, reached through functions only; what is over is removed by the attempts that follow.';
COMMENT ON COLUMN tenancy.login_attempts.key IS 'SHA-256 of an account and an address together, of an account, or of an address: who tries from where is not kept in clear text.';
COMMENT ON COLUMN tenancy.login_attempts.since IS 'When the window began.';
COMMENT ON COLUMN tenancy.login_attempts.failed IS 'Attempts of the window that were not taken back by a success.';
COMMENT ON COLUMN tenancy.login_attempts.last_at IS 'The last attempt that was let through.';
COMMENT ON COLUMN tenancy.login_attempts.trusted_until IS 'Somebody logged into the account from the address: attempts on it from elsewhere don''t slow this address down.';

CREATE FUNCTION tenancy.login_admit(p_pair bytea, p_account bytea, p_address bytea, p_at timestamptz, p_window_s integer,
                                    p_pair_max integer, p_account_max integer, p_account_delay_s integer, p_address_max integer)
RETURNS TABLE (retry_at timestamptz, is_first boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  time_window interval := make_interval(secs => p_window_s);
  counted tenancy.login_attempts;
  is_trusted boolean := false;
  step integer := 0;
  most integer;
  counter bytea;
BEGIN
  -- a crash of the machine may forget the last moment's attempts; nobody waits for the disk
  PERFORM set_config('synchronous_commit', 'off', true);
  DELETE FROM tenancy.login_attempts WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM tenancy.login_attempts WHERE keep_until < p_at LIMIT 8 FOR UPDATE SKIP LOCKED));
  FOREACH counter IN ARRAY ARRAY[p_pair, p_account, p_address] LOOP
    step := step + 1;
    most := (ARRAY[p_pair_max, p_account_max, p_address_max])[step];
    INSERT INTO tenancy.login_attempts AS a (key, since, failed, last_at, keep_until)
    VALUES (counter, p_at, 1, p_at, p_at + time_window)
    ON CONFLICT (key) DO UPDATE SET
      failed = CASE WHEN a.since + time_window <= p_at THEN 1 ELSE a.failed + 1 END,
      since = CASE WHEN a.since + time_window <= p_at THEN p_at ELSE a.since END,
      keep_until = GREATEST(a.trusted_until, CASE WHEN a.since + time_window <= p_at THEN p_at ELSE a.since END + time_window)
    RETURNING a.* INTO counted;
    IF step = 1 THEN
      is_trusted := coalesce(counted.trusted_until > p_at, false);
    END IF;
    IF step = 2 THEN
      -- never shut, only slow: one attempt at a time, and those who are at home there don't wait
      IF counted.failed > most AND NOT is_trusted
        AND counted.last_at + make_interval(secs => p_account_delay_s) > p_at THEN
        RETURN QUERY SELECT counted.last_at + make_interval(secs => p_account_delay_s), counted.failed = most + 1;
        RETURN;
      END IF;
      UPDATE tenancy.login_attempts SET last_at = p_at WHERE key = counter;
    ELSIF counted.failed > most THEN
      RETURN QUERY SELECT counted.since + time_window, counted.failed = most + 1;
      RETURN;
    END IF;
  END LOOP;
END $$;
COMMENT ON FUNCTION tenancy.login_admit(bytea, bytea, bytea, timestamptz, integer, integer, integer, integer, integer) IS
  'Counts an attempt on an account from an address, as a failure until login_forgive takes it back. No row lets it through; a row tells when to come back, and whether it is the first refusal of its window.';

CREATE FUNCTION tenancy.login_forgive(p_pair bytea, p_account bytea, p_address bytea, p_trusted_until timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- in the order of login_admit, so that the two never wait for each other
  UPDATE tenancy.login_attempts a
  SET failed = 0, trusted_until = p_trusted_until, keep_until = GREATEST(a.keep_until, p_trusted_until) WHERE a.key = p_pair;
  UPDATE tenancy.login_attempts a SET failed = GREATEST(a.failed - 1, 0) WHERE a.key = p_account;
  UPDATE tenancy.login_attempts a SET failed = GREATEST(a.failed - 1, 0) WHERE a.key = p_address;
END $$;
COMMENT ON FUNCTION tenancy.login_forgive(bytea, bytea, bytea, timestamptz) IS
  'An attempt succeeded: it does not count, those of the account from this address are forgiven, and the account is at home there until the given time.';

GRANT EXECUTE ON FUNCTION
  tenancy.login_admit(bytea, bytea, bytea, timestamptz, integer, integer, integer, integer, integer),
  tenancy.login_forgive(bytea, bytea, bytea, timestamptz)
TO claims_app;

-- === second factor ===

CREATE TABLE tenancy.totp (
  user_id      uuid        NOT NULL,
  secret       bytea       NOT NULL,
  last_step    bigint      NOT NULL DEFAULT 0,
  created_at   timestamptz NOT NULL,
  confirmed_at timestamptz,
  CONSTRAINT totp_pkey PRIMARY KEY (user_id),
  CONSTRAINT totp_user_fkey FOREIGN KEY (user_id) REFERENCES tenancy.users (id),
  CONSTRAINT totp_secret_check CHECK (octet_length(secret) = 20)
);
COMMENT ON TABLE tenancy.totp IS 'Authenticators (RFC 6238: SHA-1, six digits, 30 seconds). Global, reached through functions only.';
COMMENT ON COLUMN tenancy.totp.secret IS 'Shared with the person''s authenticator: codes can''t be checked against less.';
COMMENT ON COLUMN tenancy.totp.last_step IS 'The last step of 30 seconds whose code was used; it and those before are used up.';
COMMENT ON COLUMN tenancy.totp.confirmed_at IS 'A first code was right; it counts from then on.';

ALTER TABLE tenancy.practices ADD COLUMN require_totp boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN tenancy.practices.require_totp IS 'Members without a second factor are refused here.';

CREATE FUNCTION tenancy.totp_enroll(p_user_id uuid, p_secret bytea, p_at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO tenancy.totp AS t (user_id, secret, created_at) VALUES (p_user_id, p_secret, p_at)
  ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at, last_step = 0
    WHERE t.confirmed_at IS NULL;
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION tenancy.totp_enroll(uuid, bytea, timestamptz) IS
  'Keeps a secret that is yet to be confirmed, instead of an earlier one; false when one is confirmed. For the caller.';

CREATE FUNCTION tenancy.totp_of_user(p_user_id uuid) RETURNS TABLE (user_id uuid, secret bytea, last_step bigint, is_confirmed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT t.user_id, t.secret, t.last_step, t.confirmed_at IS NOT NULL FROM tenancy.totp t WHERE t.user_id = p_user_id;
END $$;
COMMENT ON FUNCTION tenancy.totp_of_user(uuid) IS 'The authenticator of one person, or no row. Ask it about the caller.';

CREATE FUNCTION tenancy.totp_by_email_for_login(p_email text) RETURNS TABLE (user_id uuid, secret bytea, last_step bigint, is_confirmed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT t.user_id, t.secret, t.last_step, true
    FROM tenancy.users u JOIN tenancy.totp t ON t.user_id = u.id
    WHERE lower(u.email) = lower(p_email) AND t.confirmed_at IS NOT NULL;
END $$;
COMMENT ON FUNCTION tenancy.totp_by_email_for_login(text) IS 'The confirmed authenticator of whoever logs in, or no row; in the flight of user_by_email_for_login.';

CREATE FUNCTION tenancy.totp_use(p_user_id uuid, p_secret bytea, p_step bigint, p_at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE tenancy.totp t SET last_step = p_step, confirmed_at = coalesce(t.confirmed_at, p_at)
  WHERE t.user_id = p_user_id AND t.secret = p_secret AND t.last_step < p_step;
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION tenancy.totp_use(uuid, bytea, bigint, timestamptz) IS
  'Uses up the code of a step, and confirms the secret by it; false when that one or a later one was used, or the secret is another one by now.';

CREATE FUNCTION tenancy.totp_remove(p_user_id uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM tenancy.totp t WHERE t.user_id = p_user_id;
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION tenancy.totp_remove(uuid) IS 'Forgets the authenticator of the caller, who proved it, or of a member whom an administrator may change.';

CREATE FUNCTION tenancy.totp_missing(p_key_id text) RETURNS TABLE (practice_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT m.practice_id
    FROM tenancy.tokens k JOIN tenancy.memberships m ON m.user_id = k.user_id JOIN tenancy.practices p ON p.id = m.practice_id
    WHERE k.key_id = p_key_id AND p.require_totp
      AND NOT EXISTS (SELECT FROM tenancy.totp t WHERE t.user_id = k.user_id AND t.confirmed_at IS NOT NULL);
END $$;
COMMENT ON FUNCTION tenancy.totp_missing(text) IS 'The practices that demand a second factor from the bearer of a credential, who has none.';

GRANT EXECUTE ON FUNCTION
  tenancy.totp_enroll(uuid, bytea, timestamptz),
  tenancy.totp_of_user(uuid),
  tenancy.totp_by_email_for_login(text),
  tenancy.totp_use(uuid, bytea, bigint, timestamptz),
  tenancy.totp_remove(uuid),
  tenancy.totp_missing(text)
TO claims_app;
