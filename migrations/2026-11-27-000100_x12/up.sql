-- Claims leave in files and answers come back in files: trading partners, submission batches with their control numbers,
-- received files, remittances that are matched claim by claim, and the practice's own account with its payers.

-- === with whom: reference data ===

CREATE TABLE claims.trading_partners (
  id                   text        NOT NULL,
  receiver_name        text        NOT NULL,
  receiver_qualifier   text        NOT NULL DEFAULT 'ZZ',
  receiver_id          text        NOT NULL,
  submitter_name       text        NOT NULL,
  submitter_qualifier  text        NOT NULL DEFAULT 'ZZ',
  submitter_id         text        NOT NULL,
  contact_name         text        NOT NULL,
  contact_phone        text        NOT NULL,
  is_production        boolean     NOT NULL DEFAULT false,
  wants_ta1            boolean     NOT NULL DEFAULT true,
  claims_per_batch     integer     NOT NULL DEFAULT 5000,
  is_default           boolean     NOT NULL DEFAULT false,
  time_zone            text        NOT NULL DEFAULT 'UTC',
  updated_at           timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT trading_partners_pkey PRIMARY KEY (id),
  CONSTRAINT trading_partners_claims_per_batch_check CHECK (claims_per_batch BETWEEN 1 AND 5000)
);
CREATE UNIQUE INDEX trading_partners_default_key ON claims.trading_partners (is_default) WHERE is_default;
COMMENT ON TABLE claims.trading_partners IS 'The clearinghouses and payers that files are exchanged with. Reference data, loaded by claims.trading_partners_load.';
COMMENT ON COLUMN claims.trading_partners.id IS 'Our own short name of it.';
COMMENT ON COLUMN claims.trading_partners.receiver_name IS 'NM1*40 of the claim file.';
COMMENT ON COLUMN claims.trading_partners.receiver_qualifier IS 'ISA07.';
COMMENT ON COLUMN claims.trading_partners.receiver_id IS 'ISA08, GS03 and NM1*40.';
COMMENT ON COLUMN claims.trading_partners.submitter_id IS 'Who we are to them: ISA06, GS02 and NM1*41.';
COMMENT ON COLUMN claims.trading_partners.submitter_qualifier IS 'ISA05.';
COMMENT ON COLUMN claims.trading_partners.contact_phone IS 'Ten digits; PER of the submitter.';
COMMENT ON COLUMN claims.trading_partners.is_production IS 'ISA15: a production system ignores a file marked as a test without a word, and the other way.';
COMMENT ON COLUMN claims.trading_partners.wants_ta1 IS 'ISA14: asks for a TA1.';
COMMENT ON COLUMN claims.trading_partners.claims_per_batch IS 'Most claims of one transaction set.';
COMMENT ON COLUMN claims.trading_partners.time_zone IS 'IANA name; the times in its files are local to it.';
COMMENT ON COLUMN claims.trading_partners.is_default IS 'Takes the claims to payers that no route is given for; one at most.';
GRANT SELECT ON claims.trading_partners TO claims_app;

CREATE TABLE claims.payer_routes (
  payer_id           text        NOT NULL,
  trading_partner_id text        NOT NULL,
  updated_at         timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT payer_routes_pkey PRIMARY KEY (payer_id),
  CONSTRAINT payer_routes_trading_partner_fkey FOREIGN KEY (trading_partner_id) REFERENCES claims.trading_partners (id)
);
COMMENT ON TABLE claims.payer_routes IS 'Which trading partner takes the claims to a payer, where it is not the default one. Reference data.';
GRANT SELECT ON claims.payer_routes TO claims_app;

CREATE FUNCTION claims.trading_partners_load(p_rows jsonb) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  loaded integer;
BEGIN
  -- one default at any moment: a new one takes over from the old
  UPDATE claims.trading_partners SET is_default = false
    WHERE is_default AND EXISTS (SELECT FROM jsonb_array_elements(p_rows) AS r WHERE (r ->> 'is_default')::boolean);
  INSERT INTO claims.trading_partners AS p (id, receiver_name, receiver_qualifier, receiver_id, submitter_name, submitter_qualifier,
      submitter_id, contact_name, contact_phone, is_production, wants_ta1, claims_per_batch, is_default, time_zone)
    SELECT r.id, r.receiver_name, coalesce(r.receiver_qualifier, 'ZZ'), r.receiver_id, r.submitter_name,
           coalesce(r.submitter_qualifier, 'ZZ'), r.submitter_id, r.contact_name, r.contact_phone, coalesce(r.is_production, false),
           coalesce(r.wants_ta1, true), coalesce(r.claims_per_batch, 5000), coalesce(r.is_default, false),
           coalesce(r.time_zone, 'UTC')
    FROM jsonb_to_recordset(p_rows) AS r(id text, receiver_name text, receiver_qualifier text, receiver_id text, submitter_name text,
      submitter_qualifier text, submitter_id text, contact_name text, contact_phone text, is_production boolean, wants_ta1 boolean,
      claims_per_batch integer, is_default boolean, time_zone text)
    ON CONFLICT (id) DO UPDATE SET receiver_name = excluded.receiver_name, receiver_qualifier = excluded.receiver_qualifier,
      receiver_id = excluded.receiver_id, submitter_name = excluded.submitter_name, submitter_qualifier = excluded.submitter_qualifier,
      submitter_id = excluded.submitter_id, contact_name = excluded.contact_name, contact_phone = excluded.contact_phone,
      is_production = excluded.is_production, wants_ta1 = excluded.wants_ta1, claims_per_batch = excluded.claims_per_batch,
      is_default = excluded.is_default, time_zone = excluded.time_zone, updated_at = now();
  GET DIAGNOSTICS loaded = ROW_COUNT;
  INSERT INTO claims.payer_routes AS p (payer_id, trading_partner_id)
    SELECT payer.id, r.partner ->> 'id'
    FROM jsonb_array_elements(p_rows) AS r(partner), jsonb_array_elements_text(coalesce(r.partner -> 'payer_ids', '[]')) AS payer(id)
    ON CONFLICT (payer_id) DO UPDATE SET trading_partner_id = excluded.trading_partner_id, updated_at = now();
  RETURN loaded;
END $$;
COMMENT ON FUNCTION claims.trading_partners_load(jsonb) IS
  'Loads or refreshes trading partners from a JSON array of objects with the table''s columns and payer_ids, the payers routed to them; repeatable. Run by the migrator.';

-- === out ===

CREATE SEQUENCE claims.interchange_control_numbers AS integer MINVALUE 1 MAXVALUE 999999999 NO CYCLE;
COMMENT ON SEQUENCE claims.interchange_control_numbers IS
  'ISA13, GS06 and the number in BHT03. One for all partners, so that none is ever used twice with any; a gap says nothing.';
GRANT USAGE ON SEQUENCE claims.interchange_control_numbers TO claims_app;

CREATE TABLE claims.batches (
  practice_id         uuid          NOT NULL,
  id                  uuid          NOT NULL,
  trading_partner_id  text          NOT NULL,
  control_number      integer       NOT NULL,
  reference           text          NOT NULL,
  claim_count         integer       NOT NULL,
  charge_amount       numeric(12,2) NOT NULL,
  content             bytea         NOT NULL,
  content_hash        bytea         NOT NULL,
  content_size        integer       NOT NULL,
  state               text          NOT NULL DEFAULT 'created',
  created_by          uuid          NOT NULL,
  transmitted_at      timestamptz,
  transmission_ref    text,
  failed_at           timestamptz,
  failure_reason      text,
  version             bigint        NOT NULL DEFAULT 1,
  created_at          timestamptz   NOT NULL DEFAULT now(),
  updated_at          timestamptz   NOT NULL DEFAULT now(),
  CONSTRAINT batches_pkey PRIMARY KEY (practice_id, id),
  CONSTRAINT batches_control_number_key UNIQUE (practice_id, control_number),
  CONSTRAINT batches_practice_fkey FOREIGN KEY (practice_id) REFERENCES tenancy.practices (id),
  CONSTRAINT batches_state_check CHECK (state IN ('created', 'transmitted', 'failed', 'acknowledged', 'rejected')),
  CONSTRAINT batches_outcome_check CHECK ((state = 'failed') = (failed_at IS NOT NULL)),
  CONSTRAINT batches_control_number_check CHECK (control_number BETWEEN 1 AND 999999999),
  CONSTRAINT batches_claim_count_check CHECK (claim_count BETWEEN 1 AND 5000),
  CONSTRAINT batches_content_check CHECK (octet_length(content_hash) = 32 AND octet_length(content) = content_size)
);
ALTER TABLE claims.batches ALTER COLUMN content SET STORAGE EXTERNAL;
COMMENT ON TABLE claims.batches IS 'Claim files: one interchange with one transaction set of one practice''s claims to one partner, byte for byte as it leaves. PHI.';
COMMENT ON COLUMN claims.batches.control_number IS 'ISA13 and GS06; its nine digits.';
COMMENT ON COLUMN claims.batches.reference IS 'BHT03; what a 277CA names the batch by.';
COMMENT ON COLUMN claims.batches.content IS 'The 837P.';
COMMENT ON COLUMN claims.batches.content_hash IS 'SHA-256 of the content; named when the transmission is confirmed.';
COMMENT ON COLUMN claims.batches.content_size IS 'Bytes.';
COMMENT ON COLUMN claims.batches.state IS 'created; transmitted: the partner has it; failed: it can''t be sent; acknowledged or rejected as a whole by TA1 or 999.';
COMMENT ON COLUMN claims.batches.created_by IS 'User or service account.';
COMMENT ON COLUMN claims.batches.transmission_ref IS 'The partner''s reference for the bytes it took.';
COMMENT ON COLUMN claims.batches.failure_reason IS 'A reason code, no free text.';
COMMENT ON COLUMN claims.batches.version IS 'Counts updates.';
SELECT ops.protect('claims.batches');
GRANT SELECT, INSERT ON claims.batches TO claims_app;
GRANT UPDATE (state, transmitted_at, transmission_ref, failed_at, failure_reason, version, updated_at) ON claims.batches TO claims_app;

ALTER TABLE claims.submissions ADD COLUMN batch_id uuid;
ALTER TABLE claims.submissions ADD CONSTRAINT submissions_batch_fkey
  FOREIGN KEY (practice_id, batch_id) REFERENCES claims.batches (practice_id, id);
CREATE INDEX submissions_batch_idx ON claims.submissions (practice_id, batch_id);
CREATE INDEX submissions_waiting_idx ON claims.submissions (practice_id, id) WHERE state = 'queued' AND batch_id IS NULL;
COMMENT ON COLUMN claims.submissions.batch_id IS 'The file it left in; empty while it waits for one, or when an adapter sends it in a file of its own.';

CREATE TABLE claims.interchanges (
  control_number integer NOT NULL,
  practice_id    uuid    NOT NULL,
  batch_id       uuid    NOT NULL,
  CONSTRAINT interchanges_pkey PRIMARY KEY (control_number),
  CONSTRAINT interchanges_batch_fkey FOREIGN KEY (practice_id, batch_id) REFERENCES claims.batches (practice_id, id)
);
COMMENT ON TABLE claims.interchanges IS
  'A global key as claims.claim_numbers is: TA1 and 999 name nothing but this number. No PHI. The application may add rows of its practice; reading is claims.interchange_resolve.';
SELECT ops.protect('claims.interchanges');
GRANT INSERT ON claims.interchanges TO claims_app;
CREATE POLICY access_functions ON claims.interchanges FOR SELECT TO claims_owner USING (true);

CREATE FUNCTION claims.interchange_resolve(p_control_number integer, p_account_id uuid, p_scope text, p_at timestamptz)
RETURNS TABLE (practice_id uuid, batch_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT i.practice_id, i.batch_id
    FROM claims.interchanges i
    JOIN tenancy.service_grants g ON g.practice_id = i.practice_id AND g.account_id = p_account_id
    WHERE i.control_number = p_control_number
      AND p_scope = ANY (g.scopes) AND g.valid_from <= p_at AND (g.valid_to IS NULL OR p_at < g.valid_to);
END $$;
COMMENT ON FUNCTION claims.interchange_resolve(integer, uuid, text, timestamptz) IS
  'For response ingestion: whose interchange this number is, if the service account holds that scope there at that time; otherwise no row, exactly as for a number that does not exist.';
GRANT EXECUTE ON FUNCTION claims.interchange_resolve(integer, uuid, text, timestamptz) TO claims_app;

CREATE FUNCTION claims.payee_resolve(p_npi text, p_tax_id text, p_account_id uuid, p_scope text, p_at timestamptz)
RETURNS TABLE (practice_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT p.id
    FROM tenancy.service_grants g JOIN tenancy.practices p ON p.id = g.practice_id
    WHERE g.account_id = p_account_id AND (p.npi = p_npi OR p.tax_id = p_tax_id)
      AND p_scope = ANY (g.scopes) AND g.valid_from <= p_at AND (g.valid_to IS NULL OR p_at < g.valid_to)
    ORDER BY (p.npi = p_npi) IS TRUE AND (p.tax_id = p_tax_id) IS TRUE DESC, p.id
    LIMIT 10;
END $$;
COMMENT ON FUNCTION claims.payee_resolve(text, text, uuid, text, timestamptz) IS
  'For response ingestion: the practices that a remittance to this NPI or tax id can be for, where the service account holds that scope at that time; those that both name first.';
GRANT EXECUTE ON FUNCTION claims.payee_resolve(text, text, uuid, text, timestamptz) TO claims_app;

-- === in ===

CREATE TABLE claims.inbound_files (
  practice_id   uuid        NOT NULL,
  id            uuid        NOT NULL,
  state         text        NOT NULL DEFAULT 'receiving',
  content_hash  bytea,
  content_size  bigint      NOT NULL DEFAULT 0,
  chunk_count   integer     NOT NULL DEFAULT 0,
  repeats       uuid,
  result        bytea,
  received_at   timestamptz NOT NULL,
  received_from uuid        NOT NULL,
  processed_at  timestamptz,
  version       bigint      NOT NULL DEFAULT 1,
  created_at    timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT inbound_files_pkey PRIMARY KEY (practice_id, id),
  CONSTRAINT inbound_files_repeats_fkey FOREIGN KEY (practice_id, repeats) REFERENCES claims.inbound_files (practice_id, id),
  CONSTRAINT inbound_files_state_check CHECK (state IN ('receiving', 'received', 'processed', 'repeated')),
  CONSTRAINT inbound_files_received_check CHECK ((state = 'receiving') = (content_hash IS NULL)),
  CONSTRAINT inbound_files_repeats_check CHECK ((state = 'repeated') = (repeats IS NOT NULL)),
  CONSTRAINT inbound_files_content_hash_check CHECK (octet_length(content_hash) = 32)
);
CREATE UNIQUE INDEX inbound_files_content_key ON claims.inbound_files (practice_id, received_from, content_hash) WHERE state <> 'repeated';
CREATE INDEX inbound_files_open_idx ON claims.inbound_files (practice_id, id) WHERE state = 'received';
COMMENT ON TABLE claims.inbound_files IS 'Files of answers as they came. One can speak of many practices, so they belong to none: only ingestion enters their tenant, the nil id. PHI.';
COMMENT ON COLUMN claims.inbound_files.state IS 'receiving: not complete; received: all bytes are here; processed: every transaction set was dealt with; repeated: its bytes had come before.';
COMMENT ON COLUMN claims.inbound_files.content_hash IS 'SHA-256 of the bytes; the same bytes again are answered as the first time.';
COMMENT ON COLUMN claims.inbound_files.content_size IS 'Bytes.';
COMMENT ON COLUMN claims.inbound_files.repeats IS 'The file that had the same bytes.';
COMMENT ON COLUMN claims.inbound_files.result IS 'What was answered, as it goes over the wire: control numbers, counts and codes.';
COMMENT ON COLUMN claims.inbound_files.received_from IS 'Service account or user.';
COMMENT ON COLUMN claims.inbound_files.version IS 'Counts updates.';
SELECT ops.protect('claims.inbound_files');
GRANT SELECT, INSERT, UPDATE ON claims.inbound_files TO claims_app;

CREATE TABLE claims.inbound_chunks (
  practice_id uuid    NOT NULL,
  file_id     uuid    NOT NULL,
  ordinal     integer NOT NULL,
  content     bytea   NOT NULL,
  CONSTRAINT inbound_chunks_pkey PRIMARY KEY (practice_id, file_id, ordinal),
  CONSTRAINT inbound_chunks_file_fkey FOREIGN KEY (practice_id, file_id) REFERENCES claims.inbound_files (practice_id, id),
  CONSTRAINT inbound_chunks_ordinal_check CHECK (ordinal >= 0)
);
ALTER TABLE claims.inbound_chunks ALTER COLUMN content SET STORAGE EXTERNAL;
COMMENT ON TABLE claims.inbound_chunks IS 'The bytes of a file, in pieces of at most a mebibyte, never changed. PHI.';
COMMENT ON COLUMN claims.inbound_chunks.ordinal IS 'From 0.';
COMMENT ON COLUMN claims.inbound_chunks.content IS 'The bytes as they came.';
SELECT ops.protect('claims.inbound_chunks');
GRANT SELECT, INSERT ON claims.inbound_chunks TO claims_app;

-- nothing was ever written to the table of this name
DROP TABLE claims.inbound_messages;
CREATE TABLE claims.inbound_messages (
  practice_id         uuid        NOT NULL,
  id                  uuid        NOT NULL,
  file_id             uuid        NOT NULL,
  ordinal             integer     NOT NULL,
  kind                text        NOT NULL,
  interchange_control text        NOT NULL,
  group_control       text        NOT NULL DEFAULT '',
  set_control         text        NOT NULL DEFAULT '',
  batch_id            uuid,
  state               text        NOT NULL,
  reason              text,
  segment_position    bigint,
  byte_position       bigint,
  applied             integer     NOT NULL DEFAULT 0,
  recorded            integer     NOT NULL DEFAULT 0,
  parked              integer     NOT NULL DEFAULT 0,
  unmatched           integer     NOT NULL DEFAULT 0,
  received_at         timestamptz NOT NULL,
  received_from       uuid        NOT NULL,
  version             bigint      NOT NULL DEFAULT 1,
  created_at          timestamptz NOT NULL DEFAULT now(),
  updated_at          timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT inbound_messages_pkey PRIMARY KEY (practice_id, id),
  CONSTRAINT inbound_messages_file_key UNIQUE (practice_id, file_id, ordinal),
  CONSTRAINT inbound_messages_batch_fkey FOREIGN KEY (practice_id, batch_id) REFERENCES claims.batches (practice_id, id),
  CONSTRAINT inbound_messages_kind_check CHECK (kind IN ('ta1', '999', '277ca', '835', 'unknown')),
  CONSTRAINT inbound_messages_state_check CHECK (state IN ('processing', 'applied', 'repeated', 'parked', 'refused')),
  CONSTRAINT inbound_messages_reason_check CHECK (state NOT IN ('parked', 'refused') OR reason IS NOT NULL)
);
CREATE INDEX inbound_messages_batch_idx ON claims.inbound_messages (practice_id, batch_id);
COMMENT ON TABLE claims.inbound_messages IS 'What became of each TA1 and each transaction set of a file: in its practice, or under the nil id where nobody can tell whose it is.';
COMMENT ON COLUMN claims.inbound_messages.file_id IS 'The file; its bytes are claims.inbound_chunks.';
COMMENT ON COLUMN claims.inbound_messages.ordinal IS 'Its place among what the file holds, from 1.';
COMMENT ON COLUMN claims.inbound_messages.interchange_control IS 'ISA13 of the file.';
COMMENT ON COLUMN claims.inbound_messages.group_control IS 'GS06; empty for a TA1.';
COMMENT ON COLUMN claims.inbound_messages.set_control IS 'ST02; empty for a TA1.';
COMMENT ON COLUMN claims.inbound_messages.batch_id IS 'The batch that it answers.';
COMMENT ON COLUMN claims.inbound_messages.state IS 'processing: a large one, claim by claim; applied; repeated: its content had come before; parked: readable, but waits for a person; refused: not readable.';
COMMENT ON COLUMN claims.inbound_messages.reason IS 'Why it was parked or refused: a code, never a value.';
COMMENT ON COLUMN claims.inbound_messages.segment_position IS 'Where in the file, counted in segments from 1.';
COMMENT ON COLUMN claims.inbound_messages.byte_position IS 'Where in the file, counted in bytes from 0.';
COMMENT ON COLUMN claims.inbound_messages.applied IS 'Claims that it moved.';
COMMENT ON COLUMN claims.inbound_messages.recorded IS 'Claims that it said nothing new about.';
COMMENT ON COLUMN claims.inbound_messages.parked IS 'Claims whose answer waits for what must come before it.';
COMMENT ON COLUMN claims.inbound_messages.unmatched IS 'Claims that nobody here knows.';
COMMENT ON COLUMN claims.inbound_messages.received_from IS 'Service account or user.';
COMMENT ON COLUMN claims.inbound_messages.version IS 'Counts updates.';
SELECT ops.protect('claims.inbound_messages');
GRANT SELECT, INSERT, UPDATE ON claims.inbound_messages TO claims_app;

-- === money ===

CREATE INDEX claims_payer_claim_number_idx ON claims.claims (practice_id, payer_claim_number) WHERE payer_claim_number IS NOT NULL;

ALTER TABLE claims.remittances ADD COLUMN message_id uuid;
ALTER TABLE claims.remittances ADD COLUMN claim_count integer NOT NULL DEFAULT 0;
ALTER TABLE claims.remittances ADD COLUMN is_complete boolean NOT NULL DEFAULT false;
ALTER TABLE claims.remittances ALTER COLUMN payer_id DROP NOT NULL;
ALTER TABLE claims.remittances ADD CONSTRAINT remittances_message_fkey
  FOREIGN KEY (practice_id, message_id) REFERENCES claims.inbound_messages (practice_id, id);
COMMENT ON COLUMN claims.remittances.message_id IS 'The transaction set that brought it.';
COMMENT ON COLUMN claims.remittances.claim_count IS 'Claims that it explains.';
COMMENT ON COLUMN claims.remittances.is_complete IS 'Every claim in it was dealt with; until then, taking the file in again goes on.';
COMMENT ON COLUMN claims.remittances.payer_id IS 'The payer''s id as the document gives it, if it does.';

ALTER TABLE claims.remittance_claims ADD COLUMN ordinal integer NOT NULL DEFAULT 0;
ALTER TABLE claims.remittance_claims ADD COLUMN member_id text;
ALTER TABLE claims.remittance_claims ADD COLUMN state text NOT NULL DEFAULT 'unmatched';
ALTER TABLE claims.remittance_claims ADD COLUMN state_reason text;
ALTER TABLE claims.remittance_claims ADD COLUMN acknowledgment_id uuid;
ALTER TABLE claims.remittance_claims ADD CONSTRAINT remittance_claims_ordinal_key UNIQUE (practice_id, remittance_id, ordinal);
ALTER TABLE claims.remittance_claims ADD CONSTRAINT remittance_claims_acknowledgment_fkey
  FOREIGN KEY (practice_id, acknowledgment_id) REFERENCES claims.acknowledgments (practice_id, id);
ALTER TABLE claims.remittance_claims ADD CONSTRAINT remittance_claims_state_check
  CHECK (state IN ('posted', 'parked', 'unmatched', 'dismissed') AND (state = 'posted' OR state_reason IS NOT NULL));
CREATE INDEX remittance_claims_open_idx ON claims.remittance_claims (practice_id, id) WHERE state IN ('parked', 'unmatched');
COMMENT ON COLUMN claims.remittance_claims.ordinal IS 'Its place in the remittance, from 1.';
COMMENT ON COLUMN claims.remittance_claims.member_id IS 'Under which the payer knows the patient.';
COMMENT ON COLUMN claims.remittance_claims.state IS 'posted: it is that claim''s answer, whose outcome tells whether it counts or waits; parked: the claim can''t take it; unmatched: nobody knows whose it is; dismissed: a person settled it otherwise.';
COMMENT ON COLUMN claims.remittance_claims.state_reason IS 'Why it is not posted: a code, no free text.';
COMMENT ON COLUMN claims.remittance_claims.acknowledgment_id IS 'The answer that it was posted as.';

CREATE TABLE claims.practice_ledger_entries (
  practice_id   uuid          NOT NULL,
  id            uuid          NOT NULL,
  remittance_id uuid          NOT NULL,
  ordinal       integer       NOT NULL,
  kind          text          NOT NULL,
  reason_code   text          NOT NULL,
  reference     text,
  amount        numeric(12,2) NOT NULL,
  occurred_on   date          NOT NULL,
  created_by    uuid          NOT NULL,
  created_at    timestamptz   NOT NULL DEFAULT now(),
  CONSTRAINT practice_ledger_entries_pkey PRIMARY KEY (practice_id, id),
  CONSTRAINT practice_ledger_entries_ordinal_key UNIQUE (practice_id, remittance_id, ordinal),
  CONSTRAINT practice_ledger_entries_remittance_fkey FOREIGN KEY (practice_id, remittance_id) REFERENCES claims.remittances (practice_id, id),
  CONSTRAINT practice_ledger_entries_kind_check CHECK (kind IN ('provider_adjustment'))
);
COMMENT ON TABLE claims.practice_ledger_entries IS 'Money between a payer and the practice that belongs to no claim (PLB of the 835), only ever added.';
COMMENT ON COLUMN claims.practice_ledger_entries.ordinal IS 'Its place in the remittance, from 1.';
COMMENT ON COLUMN claims.practice_ledger_entries.reason_code IS 'PLB03-1: WO, FB, 72, CS, L6, …';
COMMENT ON COLUMN claims.practice_ledger_entries.reference IS 'PLB03-2: what the payer names it by.';
COMMENT ON COLUMN claims.practice_ledger_entries.amount IS 'As the payer signs it: what is positive lowers the payment.';
COMMENT ON COLUMN claims.practice_ledger_entries.created_by IS 'User or service account.';
SELECT ops.protect('claims.practice_ledger_entries');
GRANT SELECT, INSERT ON claims.practice_ledger_entries TO claims_app;
