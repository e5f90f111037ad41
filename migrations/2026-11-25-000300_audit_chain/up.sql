-- The hash chain: every entry holds the digest of all entries before it, so none can be changed, removed or put in
-- between without every later one giving it away. `body` is what counts, the columns are a copy of it to search in.

DO $$
BEGIN
  ALTER TABLE audit.entries
    DROP COLUMN prev_hash,
    ALTER COLUMN actor_role SET NOT NULL,
    ALTER COLUMN token_key_id SET NOT NULL,
    ALTER COLUMN method SET NOT NULL,
    ALTER COLUMN request_id SET NOT NULL,
    ALTER COLUMN body SET NOT NULL,
    ALTER COLUMN mac SET NOT NULL,
    ALTER COLUMN hash SET NOT NULL,
    ADD CONSTRAINT entries_mac_check CHECK (octet_length(mac) = 32),
    ADD CONSTRAINT entries_hash_check CHECK (octet_length(hash) = 32);
EXCEPTION WHEN not_null_violation THEN
  -- no release wrote any
  RAISE EXCEPTION 'the audit log has entries from before the hash chain: remove this database of development (.claimsd) and start again';
END $$;
COMMENT ON COLUMN audit.entries.body IS 'therapy.audit.v1.EntryBody, byte for byte as it was hashed; the other columns are a copy of it.';
COMMENT ON COLUMN audit.entries.mac IS 'HMAC-SHA256 of the body, under a key that is never in the database.';
COMMENT ON COLUMN audit.entries.hash IS 'audit.link(practice, position, hash of the entry before, body, mac).';

-- by way of its type, as row security lets nobody update all heads
ALTER TABLE audit.heads
  ALTER COLUMN last_hash TYPE bytea USING coalesce(last_hash, decode(repeat('00', 32), 'hex')),
  ALTER COLUMN last_hash SET DEFAULT decode(repeat('00', 32), 'hex'),
  ALTER COLUMN last_hash SET NOT NULL;
COMMENT ON COLUMN audit.heads.last_hash IS 'Hash of the last entry; 32 zero bytes before the first.';

CREATE FUNCTION audit.link(practice uuid, place bigint, previous bytea, body bytea, mac bytea)
RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN sha256('\x01'::bytea || uuid_send(practice) || int8send(place) || previous || sha256(body) || mac);
COMMENT ON FUNCTION audit.link(uuid, bigint, bytea, bytea, bytea) IS 'The hash of an entry: SHA-256 over 0x01, practice (16 bytes), position (8 bytes, big-endian), previous hash, SHA-256 of the body, MAC.';

CREATE FUNCTION audit.link_after(state bytea, head bytea, practice uuid, place bigint, body bytea, mac bytea)
RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN audit.link(practice, place, coalesce(state, head), body, mac);
COMMENT ON FUNCTION audit.link_after(bytea, bytea, uuid, bigint, bytea, bytea) IS 'A step of audit.chain: links to the entry before, and the first one to the head.';

CREATE AGGREGATE audit.chain(head bytea, practice uuid, place bigint, body bytea, mac bytea) (
  SFUNC = audit.link_after, STYPE = bytea, PARALLEL = UNSAFE
);
COMMENT ON AGGREGATE audit.chain(bytea, uuid, bigint, bytea, bytea) IS 'As a window function in the order of positions: the hash of each of several new entries, from the head''s.';

GRANT EXECUTE ON FUNCTION audit.link(uuid, bigint, bytea, bytea, bytea) TO claims_app, claims_audit;
GRANT EXECUTE ON FUNCTION audit.link_after(bytea, bytea, uuid, bigint, bytea, bytea) TO claims_app, claims_audit;
GRANT EXECUTE ON FUNCTION audit.chain(bytea, uuid, bigint, bytea, bytea) TO claims_app, claims_audit;
