-- Practices, people, service accounts, credentials: the tables, and how a transaction enters a practice.
-- What the application may ask about the global tables is in the next migration, access_functions.

GRANT USAGE ON SCHEMA tenancy TO claims_app, claims_feed, claims_audit, claims_analytics;

CREATE FUNCTION tenancy.enter(practice uuid, timeout_ms integer) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  -- SET LOCAL, never set_config(): only SET travels to other machines when there are any.
  -- NULL is a syntax error here, so a missing practice fails instead of running without one.
  EXECUTE pg_catalog.format('SET LOCAL app.practice_id = %L; SET LOCAL statement_timeout = %L', practice, timeout_ms);
END $$;
COMMENT ON FUNCTION tenancy.enter(uuid, integer) IS
  'The first statement of every tenant transaction: says whose rows this transaction may touch and how long a statement may run (milliseconds). The nil UUID is the system tenant: idempotency and audit of what belongs to no practice.';
GRANT EXECUTE ON FUNCTION tenancy.enter(uuid, integer) TO claims_app, claims_audit, claims_feed, claims_analytics;

CREATE TABLE tenancy.practices (
  id                   uuid        NOT NULL,
  name                 text        NOT NULL,
  npi                  text        NOT NULL,
  tax_id               text        NOT NULL,
  tax_id_type          text        NOT NULL DEFAULT 'ein',
  taxonomy             text,
  phone                text,
  contact_name         text,
  time_zone            text        NOT NULL DEFAULT 'America/New_York',
  address_line1        text        NOT NULL,
  address_line2        text,
  city                 text        NOT NULL,
  state                text        NOT NULL,
  zip_code             text        NOT NULL,
  pay_to_address_line1 text,
  pay_to_address_line2 text,
  pay_to_city          text,
  pay_to_state         text,
  pay_to_zip_code      text,
  auto_ready           boolean     NOT NULL DEFAULT false,
  part2_program        boolean     NOT NULL DEFAULT false,
  retention_years      integer     NOT NULL DEFAULT 10,
  is_active            boolean     NOT NULL DEFAULT true,
  version              bigint      NOT NULL DEFAULT 1,
  created_at           timestamptz NOT NULL DEFAULT now(),
  updated_at           timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT practices_pkey PRIMARY KEY (id),
  CONSTRAINT practices_tax_id_type_check CHECK (tax_id_type IN ('ein', 'ssn')),
  CONSTRAINT practices_retention_years_check CHECK (retention_years BETWEEN 7 AND 100),
  CONSTRAINT practices_pay_to_check CHECK (
    num_nonnulls(pay_to_address_line1, pay_to_city, pay_to_state, pay_to_zip_code) IN (0, 4)
    AND (pay_to_address_line2 IS NULL OR pay_to_address_line1 IS NOT NULL))
);
COMMENT ON TABLE tenancy.practices IS 'The tenants. The one tenant table whose key is its own id: its policy compares id with the transaction''s practice.';
COMMENT ON COLUMN tenancy.practices.npi IS 'Billing provider NPI, ten digits with check digit.';
COMMENT ON COLUMN tenancy.practices.tax_id IS 'Nine digits without hyphen; an EIN, or a person''s SSN when tax_id_type says so.';
COMMENT ON COLUMN tenancy.practices.taxonomy IS 'NUCC provider taxonomy code of the billing provider.';
COMMENT ON COLUMN tenancy.practices.time_zone IS 'IANA name; dates of service are local dates of the practice.';
COMMENT ON COLUMN tenancy.practices.zip_code IS 'Nine digits without hyphen (ZIP+4): payers refuse a five-digit billing ZIP.';
COMMENT ON COLUMN tenancy.practices.pay_to_address_line1 IS 'Where payments go when that differs; PO boxes are allowed only here.';
COMMENT ON COLUMN tenancy.practices.auto_ready IS 'A clean draft becomes ready without a person.';
COMMENT ON COLUMN tenancy.practices.part2_program IS 'The practice is a 42 CFR Part 2 program.';
COMMENT ON COLUMN tenancy.practices.retention_years IS 'How long closed claims are kept.';
COMMENT ON COLUMN tenancy.practices.version IS 'Counts updates; the etag.';
SELECT ops.protect('tenancy.practices', 'id');
GRANT SELECT, INSERT, UPDATE ON tenancy.practices TO claims_app;

CREATE TABLE tenancy.users (
  id                       uuid        NOT NULL,
  email                    text        NOT NULL,
  password_hash            text        NOT NULL,
  first_name               text        NOT NULL,
  last_name                text        NOT NULL,
  role                     text        NOT NULL,
  active_practice_id       uuid,
  is_active                boolean     NOT NULL DEFAULT true,
  is_verified              boolean     NOT NULL DEFAULT false,
  phi_training_completed   boolean     NOT NULL DEFAULT false,
  phi_training_completed_at timestamptz,
  phi_training_expires_at  timestamptz,
  version                  bigint      NOT NULL DEFAULT 1,
  created_at               timestamptz NOT NULL DEFAULT now(),
  updated_at               timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT users_active_practice_fkey FOREIGN KEY (active_practice_id) REFERENCES tenancy.practices (id),
  CONSTRAINT users_role_check CHECK (role IN ('admin', 'therapist', 'billing', 'front_desk')),
  CONSTRAINT users_phi_training_check CHECK (NOT phi_training_completed OR phi_training_completed_at IS NOT NULL)
);
CREATE UNIQUE INDEX users_email_key ON tenancy.users (lower(email));
COMMENT ON TABLE tenancy.users IS 'People who log in. Global, so policies by practice cannot guard it: the application role has no privileges here and asks through functions.';
COMMENT ON COLUMN tenancy.users.email IS 'Unique without regard to case.';
COMMENT ON COLUMN tenancy.users.password_hash IS 'argon2id, PHC string.';
COMMENT ON COLUMN tenancy.users.role IS 'The role of a new membership unless it says otherwise; what counts in a practice is the membership''s role.';
COMMENT ON COLUMN tenancy.users.active_practice_id IS 'The practice of calls that do not name one; meaningful only while the membership is active.';
COMMENT ON COLUMN tenancy.users.is_verified IS 'Identity was checked; nothing is allowed before.';
COMMENT ON COLUMN tenancy.users.phi_training_completed IS 'Without it (or once expired) no call that touches PHI is allowed.';
COMMENT ON COLUMN tenancy.users.version IS 'Counts updates; the etag.';

CREATE VIEW tenancy.user_profiles WITH (security_invoker = true) AS
  SELECT id, email, first_name, last_name, role, active_practice_id, is_active, is_verified, phi_training_completed,
         phi_training_completed_at, phi_training_expires_at, version, created_at, updated_at
  FROM tenancy.users;
COMMENT ON VIEW tenancy.user_profiles IS 'Users without their password hash: the row type of the functions that answer with users. Nobody is granted it.';

CREATE TABLE tenancy.memberships (
  practice_id  uuid        NOT NULL,
  user_id      uuid        NOT NULL,
  role         text        NOT NULL,
  is_owner     boolean     NOT NULL DEFAULT false,
  is_active    boolean     NOT NULL DEFAULT true,
  therapist_id uuid,
  version      bigint      NOT NULL DEFAULT 1,
  created_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT memberships_pkey PRIMARY KEY (practice_id, user_id),
  CONSTRAINT memberships_practice_fkey FOREIGN KEY (practice_id) REFERENCES tenancy.practices (id),
  CONSTRAINT memberships_user_fkey FOREIGN KEY (user_id) REFERENCES tenancy.users (id),
  CONSTRAINT memberships_role_check CHECK (role IN ('admin', 'therapist', 'billing', 'front_desk'))
);
COMMENT ON TABLE tenancy.memberships IS 'Who works in which practice, as what. Ended by is_active = false, never deleted.';
COMMENT ON COLUMN tenancy.memberships.therapist_id IS 'The therapist this person is in this practice; decides what "own patients" means.';
COMMENT ON COLUMN tenancy.memberships.version IS 'Counts updates; the etag.';
SELECT ops.protect('tenancy.memberships');
GRANT SELECT, INSERT, UPDATE ON tenancy.memberships TO claims_app;
-- serves the functions that look from a person or an account to its practices; not a tenant path
CREATE INDEX memberships_user_idx ON tenancy.memberships (user_id);

CREATE TABLE tenancy.service_accounts (
  id          uuid        NOT NULL,
  name        text        NOT NULL,
  description text,
  is_active   boolean     NOT NULL DEFAULT true,
  version     bigint      NOT NULL DEFAULT 1,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT service_accounts_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE tenancy.service_accounts IS 'Other services and clearinghouse adapters. Global, reached through functions only.';
COMMENT ON COLUMN tenancy.service_accounts.version IS 'Counts updates; the etag.';

CREATE TABLE tenancy.service_grants (
  practice_id uuid        NOT NULL,
  account_id  uuid        NOT NULL,
  scopes      text[]      NOT NULL,
  valid_from  timestamptz NOT NULL,
  valid_to    timestamptz,
  version     bigint      NOT NULL DEFAULT 1,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT service_grants_pkey PRIMARY KEY (practice_id, account_id),
  CONSTRAINT service_grants_practice_fkey FOREIGN KEY (practice_id) REFERENCES tenancy.practices (id),
  CONSTRAINT service_grants_account_fkey FOREIGN KEY (account_id) REFERENCES tenancy.service_accounts (id),
  CONSTRAINT service_grants_scopes_check CHECK (array_position(scopes, NULL) IS NULL AND array_position(scopes, '*') IS NULL),
  CONSTRAINT service_grants_validity_check CHECK (valid_to IS NULL OR valid_to >= valid_from)
);
COMMENT ON TABLE tenancy.service_grants IS 'What a service account may do in one practice; no wildcard. Revoked by ending valid_to. Reached through functions only.';
COMMENT ON COLUMN tenancy.service_grants.scopes IS 'Permission names.';
COMMENT ON COLUMN tenancy.service_grants.valid_to IS 'Exclusive end; empty while open.';
COMMENT ON COLUMN tenancy.service_grants.version IS 'Counts updates; the etag.';
SELECT ops.protect('tenancy.service_grants');
CREATE INDEX service_grants_account_idx ON tenancy.service_grants (account_id);

CREATE TABLE tenancy.tokens (
  key_id          text        NOT NULL,
  secret_hash     bytea       NOT NULL,
  kind            text        NOT NULL,
  user_id         uuid,
  account_id      uuid,
  created_at      timestamptz NOT NULL DEFAULT now(),
  expires_at      timestamptz NOT NULL,
  idle_expires_at timestamptz,
  last_used_on    date,
  revoked_at      timestamptz,
  CONSTRAINT tokens_pkey PRIMARY KEY (key_id),
  CONSTRAINT tokens_user_fkey FOREIGN KEY (user_id) REFERENCES tenancy.users (id),
  CONSTRAINT tokens_account_fkey FOREIGN KEY (account_id) REFERENCES tenancy.service_accounts (id),
  CONSTRAINT tokens_kind_check CHECK (kind IN ('session', 'service')),
  CONSTRAINT tokens_bearer_check CHECK (
    (kind = 'session' AND user_id IS NOT NULL AND account_id IS NULL)
    OR (kind = 'service' AND account_id IS NOT NULL AND user_id IS NULL)),
  CONSTRAINT tokens_secret_hash_check CHECK (octet_length(secret_hash) = 32)
);
CREATE INDEX tokens_user_idx ON tenancy.tokens (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX tokens_account_idx ON tenancy.tokens (account_id) WHERE account_id IS NOT NULL;
COMMENT ON TABLE tenancy.tokens IS 'Credentials, looked up by key id. Global, reached through functions only.';
COMMENT ON COLUMN tenancy.tokens.key_id IS 'The public part of the token; may appear in logs.';
COMMENT ON COLUMN tenancy.tokens.secret_hash IS 'SHA-256 of the secret part.';
COMMENT ON COLUMN tenancy.tokens.idle_expires_at IS 'Sessions end when unused; moved forward by tenancy.token_touch, not on every call.';
COMMENT ON COLUMN tenancy.tokens.last_used_on IS 'A day, so that it is written at most once a day.';

-- The access functions run as the owner, who is under row-level security like everybody: these policies are
-- their window, and the functions decide what passes.
CREATE POLICY access_functions ON tenancy.practices FOR SELECT TO claims_owner USING (true);
CREATE POLICY access_functions ON tenancy.memberships FOR SELECT TO claims_owner USING (true);
CREATE POLICY access_functions ON tenancy.service_grants FOR ALL TO claims_owner USING (true) WITH CHECK (true);
