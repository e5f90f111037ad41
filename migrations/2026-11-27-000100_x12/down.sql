DROP TABLE claims.practice_ledger_entries;
DROP INDEX claims.remittance_claims_open_idx;
ALTER TABLE claims.remittance_claims DROP CONSTRAINT remittance_claims_state_check;
ALTER TABLE claims.remittance_claims DROP CONSTRAINT remittance_claims_acknowledgment_fkey;
ALTER TABLE claims.remittance_claims DROP CONSTRAINT remittance_claims_ordinal_key;
ALTER TABLE claims.remittance_claims DROP COLUMN acknowledgment_id;
ALTER TABLE claims.remittance_claims DROP COLUMN state_reason;
ALTER TABLE claims.remittance_claims DROP COLUMN state;
ALTER TABLE claims.remittance_claims DROP COLUMN member_id;
ALTER TABLE claims.remittance_claims DROP COLUMN ordinal;
ALTER TABLE claims.remittances DROP CONSTRAINT remittances_message_fkey;
COMMENT ON COLUMN claims.remittances.payer_id IS NULL;
ALTER TABLE claims.remittances ALTER COLUMN payer_id SET NOT NULL;
ALTER TABLE claims.remittances DROP COLUMN is_complete;
ALTER TABLE claims.remittances DROP COLUMN claim_count;
ALTER TABLE claims.remittances DROP COLUMN message_id;
DROP INDEX claims.claims_payer_claim_number_idx;
DROP TABLE claims.inbound_messages;
CREATE TABLE claims.inbound_messages (
  practice_id    uuid        NOT NULL,
  id             uuid        NOT NULL,
  kind           text        NOT NULL,
  content        bytea       NOT NULL,
  content_hash   bytea       NOT NULL,
  state          text        NOT NULL DEFAULT 'received',
  failure_reason text,
  received_at    timestamptz NOT NULL,
  received_from  uuid        NOT NULL,
  processed_at   timestamptz,
  version        bigint      NOT NULL DEFAULT 1,
  created_at     timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT inbound_messages_pkey PRIMARY KEY (practice_id, id),
  CONSTRAINT inbound_messages_content_key UNIQUE (practice_id, content_hash),
  CONSTRAINT inbound_messages_practice_fkey FOREIGN KEY (practice_id) REFERENCES tenancy.practices (id),
  CONSTRAINT inbound_messages_kind_check CHECK (kind IN ('ta1', '999', '277ca', '835')),
  CONSTRAINT inbound_messages_state_check CHECK (state IN ('received', 'processed', 'refused')),
  CONSTRAINT inbound_messages_content_hash_check CHECK (octet_length(content_hash) = 32)
);
COMMENT ON TABLE claims.inbound_messages IS 'Response documents byte for byte, also those that could not be used. PHI.';
COMMENT ON COLUMN claims.inbound_messages.content IS 'The document as it came.';
COMMENT ON COLUMN claims.inbound_messages.content_hash IS 'SHA-256 of the bytes; the same document again is a no-op.';
COMMENT ON COLUMN claims.inbound_messages.failure_reason IS 'Why it was refused: a code and a position, never a value.';
COMMENT ON COLUMN claims.inbound_messages.received_from IS 'Service account or user.';
COMMENT ON COLUMN claims.inbound_messages.version IS 'Counts updates.';
SELECT ops.protect('claims.inbound_messages');
GRANT SELECT, INSERT, UPDATE (state, failure_reason, processed_at, version, updated_at) ON claims.inbound_messages TO claims_app;
DROP TABLE claims.inbound_chunks;
DROP TABLE claims.inbound_files;
DROP FUNCTION claims.payee_resolve(text, text, uuid, text, timestamptz);
DROP FUNCTION claims.interchange_resolve(integer, uuid, text, timestamptz);
DROP TABLE claims.interchanges;
DROP INDEX claims.submissions_waiting_idx;
DROP INDEX claims.submissions_batch_idx;
ALTER TABLE claims.submissions DROP CONSTRAINT submissions_batch_fkey;
ALTER TABLE claims.submissions DROP COLUMN batch_id;
DROP TABLE claims.batches;
DROP SEQUENCE claims.interchange_control_numbers;
DROP FUNCTION claims.trading_partners_load(jsonb);
DROP TABLE claims.payer_routes;
DROP TABLE claims.trading_partners;
