-- The audit log: who saw or changed what. Entries are only ever added; the chain columns are filled by the
-- hash chain. The nil UUID is the system chain, for what belongs to no practice, so nothing here references practices.

GRANT USAGE ON SCHEMA audit TO claims_app, claims_audit;

CREATE TABLE audit.heads (
  practice_id   uuid   NOT NULL,
  last_position bigint NOT NULL DEFAULT 0,
  last_hash     bytea,
  CONSTRAINT heads_pkey PRIMARY KEY (practice_id),
  CONSTRAINT heads_last_position_check CHECK (last_position >= 0),
  CONSTRAINT heads_last_hash_check CHECK (octet_length(last_hash) = 32)
) WITH (fillfactor = 50);
COMMENT ON TABLE audit.heads IS 'The last position and hash of each practice''s audit chain; its row lock orders the entries. The nil UUID is the system chain.';
COMMENT ON COLUMN audit.heads.last_hash IS 'Chain: hash of the last entry.';
SELECT ops.protect('audit.heads');
GRANT SELECT, UPDATE (last_position, last_hash) ON audit.heads TO claims_app, claims_audit;
CREATE POLICY batcher ON audit.heads FOR SELECT TO claims_audit USING (true);
CREATE POLICY batcher_advance ON audit.heads FOR UPDATE TO claims_audit USING (true) WITH CHECK (true);

CREATE FUNCTION audit.open_head() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO audit.heads (practice_id) VALUES (NEW.id);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION audit.open_head() IS 'Gives every new practice its audit head, however the practice was inserted.';
CREATE POLICY open_head ON audit.heads FOR INSERT TO claims_owner WITH CHECK (true);
CREATE TRIGGER practices_open_audit AFTER INSERT ON tenancy.practices FOR EACH ROW EXECUTE FUNCTION audit.open_head();
INSERT INTO audit.heads (practice_id) VALUES ('00000000-0000-0000-0000-000000000000');

CREATE TABLE audit.entries (
  practice_id    uuid        NOT NULL,
  position       bigint      NOT NULL,
  recorded_at    timestamptz NOT NULL,
  actor_kind     text        NOT NULL,
  user_id        uuid,
  account_id     uuid,
  actor_role     text,
  token_key_id   text,
  action         text        NOT NULL,
  outcome        text        NOT NULL,
  reason         text,
  method         text,
  resource_type  text        NOT NULL,
  resource_ids   text[]      NOT NULL DEFAULT '{}',
  resource_count integer     NOT NULL DEFAULT 0,
  resource_hash  bytea,
  patient_ids    uuid[]      NOT NULL DEFAULT '{}',
  accessed_phi   boolean     NOT NULL DEFAULT false,
  field_classes  text[]      NOT NULL DEFAULT '{}',
  purpose        text        NOT NULL DEFAULT 'operations',
  request_id     text,
  ip_address     text,
  break_glass_id uuid,
  attempts       integer     NOT NULL DEFAULT 1,
  prev_hash      bytea,
  hash           bytea,
  body           bytea,
  mac            bytea,
  CONSTRAINT entries_pkey PRIMARY KEY (practice_id, position, recorded_at),
  CONSTRAINT entries_actor_check CHECK (CASE actor_kind
    WHEN 'user' THEN user_id IS NOT NULL AND account_id IS NULL
    WHEN 'service' THEN account_id IS NOT NULL AND user_id IS NULL
    WHEN 'system' THEN user_id IS NULL AND account_id IS NULL
    WHEN 'anonymous' THEN user_id IS NULL AND account_id IS NULL
    ELSE false END),
  CONSTRAINT entries_action_check CHECK (action IN ('view', 'create', 'update', 'delete', 'export', 'auth', 'permission_change', 'break_glass')),
  CONSTRAINT entries_outcome_check CHECK (outcome IN ('allowed', 'denied', 'failed')),
  CONSTRAINT entries_purpose_check CHECK (purpose IN ('payment', 'treatment', 'operations', 'emergency')),
  CONSTRAINT entries_field_classes_check CHECK (field_classes <@ ARRAY['demographic', 'clinical_code', 'financial']),
  CONSTRAINT entries_resources_check CHECK (cardinality(resource_ids) <= 200 AND resource_count >= cardinality(resource_ids)),
  CONSTRAINT entries_attempts_check CHECK (attempts >= 1)
) PARTITION BY RANGE (recorded_at);
COMMENT ON TABLE audit.entries IS 'One row per access or change. Ids only: no names, no diagnoses, no search text. Partitioned by month, only ever added to; old months leave by DETACH.';
COMMENT ON COLUMN audit.entries.position IS 'From the practice''s audit head: 1, 2, 3 …';
COMMENT ON COLUMN audit.entries.recorded_at IS 'When it was recorded, the service''s clock; the specification''s created_at.';
COMMENT ON COLUMN audit.entries.actor_kind IS 'user, service (account_id), system (the product itself), anonymous (a failed login).';
COMMENT ON COLUMN audit.entries.actor_role IS 'The role the person acted in; for service accounts the scope used.';
COMMENT ON COLUMN audit.entries.reason IS 'Why it was denied or failed: a code of the API.';
COMMENT ON COLUMN audit.entries.method IS 'The RPC.';
COMMENT ON COLUMN audit.entries.resource_ids IS 'The ids actually returned or changed, up to 200; resource_count counts all.';
COMMENT ON COLUMN audit.entries.resource_hash IS 'SHA-256 over all ids when there are more than are listed.';
COMMENT ON COLUMN audit.entries.patient_ids IS 'Whose data it was.';
COMMENT ON COLUMN audit.entries.field_classes IS 'What kinds of data: demographic, clinical_code, financial.';
COMMENT ON COLUMN audit.entries.purpose IS 'Purpose of use.';
COMMENT ON COLUMN audit.entries.attempts IS 'More than 1 for repeated denials counted into one entry.';
COMMENT ON COLUMN audit.entries.prev_hash IS 'Chain: hash of the entry before.';
COMMENT ON COLUMN audit.entries.hash IS 'Chain: over practice, position, prev_hash, body and mac.';
COMMENT ON COLUMN audit.entries.body IS 'Chain: the deterministic protobuf that was hashed; the typed columns are a copy of it.';
COMMENT ON COLUMN audit.entries.mac IS 'Chain: HMAC under a key that is never in the database.';
CREATE TABLE audit.entries_default PARTITION OF audit.entries DEFAULT;
COMMENT ON TABLE audit.entries_default IS 'Catches what no monthly partition takes, so that a missing partition never loses a write.';
SELECT ops.protect('audit.entries');
SELECT ops.append_only('audit.entries');
SELECT ops.guard_partition('audit.entries_default');
GRANT SELECT, INSERT ON audit.entries TO claims_app;
GRANT INSERT ON audit.entries TO claims_audit;
CREATE POLICY batcher ON audit.entries FOR INSERT TO claims_audit WITH CHECK (true);

-- both append-only tables exist now
SELECT ops.make_partitions(2);
