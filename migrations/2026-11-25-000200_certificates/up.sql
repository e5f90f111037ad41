-- Service accounts that call only over connections that present one of their certificates (RFC 8705).

CREATE TABLE tenancy.account_certificates (
  account_id  uuid        NOT NULL,
  fingerprint bytea       NOT NULL,
  label       text        NOT NULL,
  bound_at    timestamptz NOT NULL,
  CONSTRAINT account_certificates_pkey PRIMARY KEY (account_id, fingerprint),
  CONSTRAINT account_certificates_account_fkey FOREIGN KEY (account_id) REFERENCES tenancy.service_accounts (id),
  CONSTRAINT account_certificates_fingerprint_check CHECK (octet_length(fingerprint) = 32)
);
COMMENT ON TABLE tenancy.account_certificates IS 'The client certificates that service accounts are bound to; an account without any needs none. Global, reached through functions only.';
COMMENT ON COLUMN tenancy.account_certificates.fingerprint IS 'SHA-256 of the certificate in DER; of the certificate itself nothing is kept.';
COMMENT ON COLUMN tenancy.account_certificates.label IS 'What people call it, such as the machine or the year.';

CREATE FUNCTION tenancy.credential_resolve(p_key_id text)
RETURNS TABLE (
  kind text, secret_hash bytea, expires_at timestamptz, idle_expires_at timestamptz, last_used_on date, revoked_at timestamptz,
  user_id uuid, user_is_active boolean, user_is_verified boolean, active_practice_id uuid,
  phi_training_completed boolean, phi_training_expires_at timestamptz,
  account_id uuid, account_is_active boolean, certificates bytea[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT t.kind, t.secret_hash, t.expires_at, t.idle_expires_at, t.last_used_on, t.revoked_at,
           t.user_id, t.user_is_active, t.user_is_verified, t.active_practice_id,
           t.phi_training_completed, t.phi_training_expires_at,
           t.account_id, t.account_is_active,
           ARRAY(SELECT c.fingerprint FROM tenancy.account_certificates c WHERE c.account_id = t.account_id)
    FROM tenancy.token_resolve(p_key_id) t;
END $$;
COMMENT ON FUNCTION tenancy.credential_resolve(text) IS
  'token_resolve with the fingerprints that the bearer is bound to, none for people: comparing those is the caller''s work too.';

CREATE FUNCTION tenancy.certificates_of_account(p_account_id uuid) RETURNS SETOF tenancy.account_certificates
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT c.* FROM tenancy.account_certificates c WHERE c.account_id = p_account_id ORDER BY c.bound_at, c.fingerprint;
END $$;
COMMENT ON FUNCTION tenancy.certificates_of_account(uuid) IS
  'The certificates of one service account. Ask it about the caller, or about an account with a grant in this practice.';

CREATE FUNCTION tenancy.certificate_bind(p_account_id uuid, p_fingerprint bytea, p_label text, p_at timestamptz)
RETURNS SETOF tenancy.service_accounts
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO tenancy.account_certificates (account_id, fingerprint, label, bound_at)
  SELECT g.account_id, p_fingerprint, p_label, p_at FROM tenancy.service_grants g
  WHERE g.practice_id = current_setting('app.practice_id')::uuid AND g.account_id = p_account_id
  ON CONFLICT (account_id, fingerprint) DO NOTHING;
  IF FOUND THEN
    RETURN QUERY
      UPDATE tenancy.service_accounts a SET version = a.version + 1, updated_at = p_at WHERE a.id = p_account_id RETURNING a.*;
  END IF;
END $$;
COMMENT ON FUNCTION tenancy.certificate_bind(uuid, bytea, text, timestamptz) IS
  'Binds a certificate to a service account with a grant in this practice; no row, and no change, for others and when it is bound already.';

CREATE FUNCTION tenancy.certificate_unbind(p_account_id uuid, p_fingerprint bytea, p_at timestamptz)
RETURNS SETOF tenancy.service_accounts
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM tenancy.account_certificates c
  WHERE c.account_id = p_account_id AND c.fingerprint = p_fingerprint
    AND EXISTS (SELECT FROM tenancy.service_grants g
                WHERE g.practice_id = current_setting('app.practice_id')::uuid AND g.account_id = p_account_id);
  IF FOUND THEN
    RETURN QUERY
      UPDATE tenancy.service_accounts a SET version = a.version + 1, updated_at = p_at WHERE a.id = p_account_id RETURNING a.*;
  END IF;
END $$;
COMMENT ON FUNCTION tenancy.certificate_unbind(uuid, bytea, timestamptz) IS
  'Undoes certificate_bind; no row, and no change, for accounts without a grant in this practice and certificates that are not bound.';

GRANT EXECUTE ON FUNCTION
  tenancy.credential_resolve(text),
  tenancy.certificates_of_account(uuid),
  tenancy.certificate_bind(uuid, bytea, text, timestamptz),
  tenancy.certificate_unbind(uuid, bytea, timestamptz)
TO claims_app;
