DROP FUNCTION tenancy.totp_missing(text);
DROP FUNCTION tenancy.totp_remove(uuid);
DROP FUNCTION tenancy.totp_use(uuid, bytea, bigint, timestamptz);
DROP FUNCTION tenancy.totp_by_email_for_login(text);
DROP FUNCTION tenancy.totp_of_user(uuid);
DROP FUNCTION tenancy.totp_enroll(uuid, bytea, timestamptz);
ALTER TABLE tenancy.practices DROP COLUMN require_totp;
DROP TABLE tenancy.totp;
DROP FUNCTION tenancy.login_forgive(bytea, bytea, bytea, timestamptz);
DROP FUNCTION tenancy.login_admit(bytea, bytea, bytea, timestamptz, integer, integer, integer, integer, integer);
DROP TABLE tenancy.login_attempts;
DROP FUNCTION tenancy.grant_end(uuid, timestamptz);
DROP FUNCTION tenancy.service_account_set_active(uuid, boolean, timestamptz);
DROP FUNCTION tenancy.user_change_password(uuid, text, text, text, timestamptz);
DROP FUNCTION tenancy.one_time_redeem(text, bytea, text, timestamptz);
DROP FUNCTION tenancy.one_time_resolve(text);
DROP FUNCTION tenancy.one_time_insert(text, bytea, text, uuid, timestamptz, timestamptz);
DROP FUNCTION tenancy.one_time_end(uuid, timestamptz);
DROP TABLE tenancy.one_time_tokens;
-- a hash that reads as one and that no password has
ALTER TABLE tenancy.users ALTER COLUMN password_hash TYPE text USING
  coalesce(password_hash, '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
ALTER TABLE tenancy.users ALTER COLUMN password_hash SET NOT NULL;
COMMENT ON COLUMN tenancy.users.password_hash IS 'argon2id, PHC string.';
