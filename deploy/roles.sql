-- The roles of therapy-claims. Run by a superuser (or a role with CREATEROLE and BYPASSRLS), once per
-- cluster; running it again changes nothing. Then: CREATE DATABASE claims OWNER claims_owner, and
-- `claimsd migrate` as claims_migrator.
--
-- No passwords here: the operator sets them (ALTER ROLE claims_app PASSWORD '…') or uses certificates.
-- Every statement stands alone, so a runner that sends one at a time can run this file too.

-- Owns every object, never logs in. Row-level security is forced, so even the owner sees no tenant's rows.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'claims_owner') THEN CREATE ROLE claims_owner; END IF;
END $$;
ALTER ROLE claims_owner NOLOGIN INHERIT;

-- Deploys and loads: becomes the owner by SET ROLE. BYPASSRLS, else foreign keys would be validated through policies.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'claims_migrator') THEN CREATE ROLE claims_migrator; END IF;
END $$;
ALTER ROLE claims_migrator LOGIN INHERIT BYPASSRLS;
GRANT claims_owner TO claims_migrator;

-- Serves requests: one practice per transaction, by policy.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'claims_app') THEN CREATE ROLE claims_app; END IF;
END $$;
ALTER ROLE claims_app LOGIN NOINHERIT;

-- Reads the claim feed across practices.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'claims_feed') THEN CREATE ROLE claims_feed; END IF;
END $$;
ALTER ROLE claims_feed LOGIN NOINHERIT;

-- The audit batcher: may only add entries.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'claims_audit') THEN CREATE ROLE claims_audit; END IF;
END $$;
ALTER ROLE claims_audit LOGIN NOINHERIT;

-- Reads practice summaries, on a replica when there is one.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'claims_analytics') THEN CREATE ROLE claims_analytics; END IF;
END $$;
ALTER ROLE claims_analytics LOGIN NOINHERIT;

-- Reads the audit log across practices, to sign checkpoints of it.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'claims_archiver') THEN CREATE ROLE claims_archiver; END IF;
END $$;
ALTER ROLE claims_archiver LOGIN NOINHERIT;
