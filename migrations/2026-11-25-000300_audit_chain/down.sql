DROP AGGREGATE audit.chain(bytea, uuid, bigint, bytea, bytea);
DROP FUNCTION audit.link_after(bytea, bytea, uuid, bigint, bytea, bytea);
DROP FUNCTION audit.link(uuid, bigint, bytea, bytea, bytea);

ALTER TABLE audit.heads
  ALTER COLUMN last_hash DROP NOT NULL,
  ALTER COLUMN last_hash DROP DEFAULT;
COMMENT ON COLUMN audit.heads.last_hash IS 'Chain: hash of the last entry.';

ALTER TABLE audit.entries
  DROP CONSTRAINT entries_hash_check,
  DROP CONSTRAINT entries_mac_check,
  ALTER COLUMN hash DROP NOT NULL,
  ALTER COLUMN mac DROP NOT NULL,
  ALTER COLUMN body DROP NOT NULL,
  ALTER COLUMN request_id DROP NOT NULL,
  ALTER COLUMN method DROP NOT NULL,
  ALTER COLUMN token_key_id DROP NOT NULL,
  ALTER COLUMN actor_role DROP NOT NULL,
  ADD COLUMN prev_hash bytea;
COMMENT ON COLUMN audit.entries.prev_hash IS 'Chain: hash of the entry before.';
COMMENT ON COLUMN audit.entries.hash IS 'Chain: over practice, position, prev_hash, body and mac.';
COMMENT ON COLUMN audit.entries.body IS 'Chain: the deterministic protobuf that was hashed; the typed columns are a copy of it.';
COMMENT ON COLUMN audit.entries.mac IS 'Chain: HMAC under a key that is never in the database.';
