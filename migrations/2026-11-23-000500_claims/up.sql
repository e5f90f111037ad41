-- Claims, their submissions, what payers answered, money. A claim that left is never edited; nothing financial
-- is deleted.

GRANT USAGE ON SCHEMA claims TO claims_app;

-- === reference data: no practice_id, read-only to the application ===

CREATE TABLE claims.payers (
  id               text        NOT NULL,
  name             text        NOT NULL,
  filing_indicator text        NOT NULL,
  valid_from       date        NOT NULL,
  valid_to         date,
  updated_at       timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT payers_pkey PRIMARY KEY (id),
  CONSTRAINT payers_validity_check CHECK (valid_to IS NULL OR valid_to >= valid_from)
);
COMMENT ON TABLE claims.payers IS 'The payer list of the clearinghouse. Reference data, loaded by claims.payers_load.';
COMMENT ON COLUMN claims.payers.id IS 'The id claims are routed by (NM109 of the payer).';
COMMENT ON COLUMN claims.payers.filing_indicator IS 'X12 claim filing indicator (CI, BL, MB, …) unless a coverage says otherwise.';
COMMENT ON COLUMN claims.payers.valid_to IS 'Last day, inclusive; empty while listed.';
GRANT SELECT ON claims.payers TO claims_app;

CREATE TABLE claims.payer_profiles (
  payer_id             text        NOT NULL,
  valid_from           date        NOT NULL,
  valid_to             date,
  needs_group_number   boolean     NOT NULL DEFAULT false,
  timely_filing_days   integer     NOT NULL DEFAULT 90,
  telehealth_pos       text,
  telehealth_modifier  text,
  updated_at           timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT payer_profiles_pkey PRIMARY KEY (payer_id, valid_from),
  CONSTRAINT payer_profiles_payer_fkey FOREIGN KEY (payer_id) REFERENCES claims.payers (id),
  CONSTRAINT payer_profiles_validity_check CHECK (valid_to IS NULL OR valid_to >= valid_from),
  CONSTRAINT payer_profiles_timely_filing_days_check CHECK (timely_filing_days BETWEEN 1 AND 3650)
);
COMMENT ON TABLE claims.payer_profiles IS 'What a payer expects of claims with a date of service in the span. Reference data.';
COMMENT ON COLUMN claims.payer_profiles.valid_to IS 'Last day, inclusive; empty while in force.';
COMMENT ON COLUMN claims.payer_profiles.timely_filing_days IS 'Days from the date of service in which a first claim must arrive.';
COMMENT ON COLUMN claims.payer_profiles.telehealth_pos IS 'Place of service the payer wants for telehealth at home.';
COMMENT ON COLUMN claims.payer_profiles.telehealth_modifier IS 'Modifier the payer wants for live video.';
GRANT SELECT ON claims.payer_profiles TO claims_app;

CREATE FUNCTION claims.payers_load(p_rows jsonb) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  loaded integer;
BEGIN
  INSERT INTO claims.payers AS p (id, name, filing_indicator, valid_from, valid_to)
    SELECT r.payer_id, r.name, r.filing_indicator, r.valid_from, r.valid_to
    FROM jsonb_to_recordset(p_rows) AS r(payer_id text, name text, filing_indicator text, valid_from date, valid_to date)
    ON CONFLICT (id) DO UPDATE
      SET name = excluded.name, filing_indicator = excluded.filing_indicator, valid_from = excluded.valid_from,
          valid_to = excluded.valid_to, updated_at = now()
      WHERE (p.name, p.filing_indicator, p.valid_from, p.valid_to) IS DISTINCT FROM
            (excluded.name, excluded.filing_indicator, excluded.valid_from, excluded.valid_to);
  INSERT INTO claims.payer_profiles AS p (payer_id, valid_from, valid_to, needs_group_number, timely_filing_days, telehealth_pos, telehealth_modifier)
    SELECT r.payer_id, r.valid_from, r.valid_to, coalesce(r.needs_group_number, false), coalesce(r.timely_filing_days, 90),
           r.telehealth_pos, r.telehealth_modifier
    FROM jsonb_to_recordset(p_rows) AS r(payer_id text, valid_from date, valid_to date, needs_group_number boolean,
                                         timely_filing_days integer, telehealth_pos text, telehealth_modifier text)
    ON CONFLICT (payer_id, valid_from) DO UPDATE
      SET valid_to = excluded.valid_to, needs_group_number = excluded.needs_group_number,
          timely_filing_days = excluded.timely_filing_days, telehealth_pos = excluded.telehealth_pos,
          telehealth_modifier = excluded.telehealth_modifier, updated_at = now();
  GET DIAGNOSTICS loaded = ROW_COUNT;
  RETURN loaded;
END $$;
COMMENT ON FUNCTION claims.payers_load(jsonb) IS
  'Loads or refreshes payers with their profile from a JSON array of {payer_id, name, filing_indicator, valid_from, valid_to?, needs_group_number?, timely_filing_days?, telehealth_pos?, telehealth_modifier?}; repeatable. Run by the migrator.';

-- === claims ===

CREATE TABLE claims.claims (
  practice_id                   uuid          NOT NULL,
  id                            uuid          NOT NULL,
  claim_number                  text          NOT NULL,
  session_id                    uuid          NOT NULL,
  patient_id                    uuid          NOT NULL,
  therapist_id                  uuid          NOT NULL,
  coverage_id                   uuid,
  payer_id                      text,
  payer_sequence                text          NOT NULL DEFAULT 'primary',
  status                        text          NOT NULL DEFAULT 'draft',
  payer_state                   text          NOT NULL DEFAULT 'none',
  payer_state_at                timestamptz,
  was_transmitted               boolean       NOT NULL DEFAULT false,
  disposition                   text          NOT NULL DEFAULT 'active',
  frequency                     text          NOT NULL DEFAULT '1',
  service_date                  date          NOT NULL,
  diagnosis_codes               jsonb         NOT NULL DEFAULT '[]',
  prior_authorization           text,
  charge_amount                 numeric(12,2) NOT NULL,
  copay_amount                  numeric(12,2) NOT NULL DEFAULT 0,
  paid_amount                   numeric(12,2) NOT NULL DEFAULT 0,
  adjusted_amount               numeric(12,2) NOT NULL DEFAULT 0,
  patient_responsibility_amount numeric(12,2) NOT NULL DEFAULT 0,
  payer_claim_number            text,
  replaces_claim_id             uuid,
  filing_deadline               date,
  validation_errors             jsonb         NOT NULL DEFAULT '[]',
  acknowledged_warnings         jsonb         NOT NULL DEFAULT '[]',
  rule_set_version              text,
  snapshot                      jsonb,
  attempt                       integer       NOT NULL DEFAULT 0,
  submitted_at                  timestamptz,
  adjudicated_at                timestamptz,
  version                       bigint        NOT NULL DEFAULT 1,
  created_at                    timestamptz   NOT NULL DEFAULT now(),
  updated_at                    timestamptz   NOT NULL DEFAULT now(),
  CONSTRAINT claims_pkey PRIMARY KEY (practice_id, id),
  CONSTRAINT claims_claim_number_key UNIQUE (practice_id, claim_number),
  CONSTRAINT claims_practice_fkey FOREIGN KEY (practice_id) REFERENCES tenancy.practices (id),
  CONSTRAINT claims_session_fkey FOREIGN KEY (practice_id, session_id) REFERENCES clinical.sessions (practice_id, id),
  CONSTRAINT claims_patient_fkey FOREIGN KEY (practice_id, patient_id) REFERENCES clinical.patients (practice_id, id),
  CONSTRAINT claims_therapist_fkey FOREIGN KEY (practice_id, therapist_id) REFERENCES clinical.therapists (practice_id, id),
  CONSTRAINT claims_coverage_fkey FOREIGN KEY (practice_id, coverage_id) REFERENCES clinical.coverages (practice_id, id),
  CONSTRAINT claims_replaces_fkey FOREIGN KEY (practice_id, replaces_claim_id) REFERENCES claims.claims (practice_id, id),
  CONSTRAINT claims_claim_number_check CHECK (claim_number ~ '^[A-HJ-NP-Z2-9]{12}$'),
  CONSTRAINT claims_payer_sequence_check CHECK (payer_sequence IN ('primary', 'secondary', 'tertiary')),
  CONSTRAINT claims_status_check CHECK (status IN ('draft', 'ready', 'submitted', 'paid', 'denied')),
  CONSTRAINT claims_payer_state_check CHECK (CASE status
    WHEN 'draft' THEN payer_state IN ('none', 'validation_failed', 'held', 'rejected_transport', 'rejected_clearinghouse', 'rejected_payer')
    WHEN 'ready' THEN payer_state IN ('none', 'transmit_failed')
    WHEN 'submitted' THEN payer_state IN ('queued', 'transmitted', 'received', 'accepted', 'pended', 'forwarded', 'reversed', 'appealed',
                                          'void_pending', 'replacement_pending')
    WHEN 'paid' THEN payer_state IN ('paid_full', 'paid_partial', 'zero_pay_patient_responsibility', 'paid_zero_contractual')
    WHEN 'denied' THEN payer_state IN ('denied', 'denied_appealable', 'denied_final')
    ELSE false END),
  CONSTRAINT claims_disposition_check CHECK (disposition IN ('active', 'replaced', 'voided', 'cancelled', 'written_off')),
  CONSTRAINT claims_cancelled_check CHECK (disposition <> 'cancelled' OR status IN ('draft', 'ready')),
  CONSTRAINT claims_frequency_check CHECK (frequency IN ('1', '7', '8')),
  CONSTRAINT claims_replaces_check CHECK ((frequency = '1') = (replaces_claim_id IS NULL)),
  CONSTRAINT claims_submitted_check CHECK (status IN ('draft', 'ready') OR (submitted_at IS NOT NULL AND attempt > 0 AND snapshot IS NOT NULL)),
  CONSTRAINT claims_lists_check CHECK (
    jsonb_typeof(diagnosis_codes) = 'array' AND jsonb_typeof(validation_errors) = 'array' AND jsonb_typeof(acknowledged_warnings) = 'array'),
  CONSTRAINT claims_money_check CHECK (charge_amount >= 0 AND copay_amount >= 0),
  CONSTRAINT claims_attempt_check CHECK (attempt >= 0)
);
CREATE INDEX claims_status_idx ON claims.claims (practice_id, status, id);
CREATE INDEX claims_session_idx ON claims.claims (practice_id, session_id);
CREATE INDEX claims_patient_idx ON claims.claims (practice_id, patient_id, service_date);
CREATE INDEX claims_therapist_idx ON claims.claims (practice_id, therapist_id, id);
CREATE INDEX claims_service_date_idx ON claims.claims (practice_id, service_date);
CREATE UNIQUE INDEX claims_active_session_key ON claims.claims (practice_id, session_id, payer_sequence) WHERE disposition = 'active';
COMMENT ON TABLE claims.claims IS 'One bill for one session to one payer. PHI. Edited only as draft; later changes are new rows (replacement, void).';
COMMENT ON COLUMN claims.claims.claim_number IS 'Twelve random characters without look-alikes, unique in the system by claims.claim_numbers; travels as CLM01, never changes.';
COMMENT ON COLUMN claims.claims.payer_id IS 'Id in the payer list; empty or unknown is a finding of the scrubber.';
COMMENT ON COLUMN claims.claims.payer_state IS 'Where the current round with the payer stands; which states a status allows is the CHECK.';
COMMENT ON COLUMN claims.claims.payer_state_at IS 'When the news behind payer_state was made, by its sender''s clock: later news does not yield to earlier.';
COMMENT ON COLUMN claims.claims.was_transmitted IS 'Some attempt has reached a partner; such a claim can''t be cancelled.';
COMMENT ON COLUMN claims.claims.disposition IS 'Whether the claim still counts, and why not. At most one active claim per session and payer sequence.';
COMMENT ON COLUMN claims.claims.frequency IS 'X12: 1 original, 7 replacement, 8 void; 7 and 8 name the claim they replace.';
COMMENT ON COLUMN claims.claims.diagnosis_codes IS 'Array of ICD-10-CM codes, the order is the rank; lines point into it.';
COMMENT ON COLUMN claims.claims.copay_amount IS 'Collected from the patient before submission.';
COMMENT ON COLUMN claims.claims.paid_amount IS 'Sum of the ledger''s payments of this payer.';
COMMENT ON COLUMN claims.claims.adjusted_amount IS 'Sum of the ledger''s adjustments that nobody pays.';
COMMENT ON COLUMN claims.claims.patient_responsibility_amount IS 'What the payer left to the patient.';
COMMENT ON COLUMN claims.claims.payer_claim_number IS 'The payer''s own number, once it took the claim in.';
COMMENT ON COLUMN claims.claims.validation_errors IS 'Array of all findings of the last run and of payers: {code, severity, field, message, rule_version, source}. No PHI in messages.';
COMMENT ON COLUMN claims.claims.acknowledged_warnings IS 'Array of {code, field, user_id, at}: which warnings a person accepted.';
COMMENT ON COLUMN claims.claims.snapshot IS 'The claim as it will be sent, frozen when it becomes ready; the copy that was sent is kept with each submission.';
COMMENT ON COLUMN claims.claims.attempt IS 'Submissions so far.';
COMMENT ON COLUMN claims.claims.submitted_at IS 'Of the last submission.';
COMMENT ON COLUMN claims.claims.adjudicated_at IS 'When the payer''s decision was posted.';
COMMENT ON COLUMN claims.claims.version IS 'Counts updates; the etag, and the version in the feed.';
SELECT ops.protect('claims.claims');
GRANT SELECT, INSERT, UPDATE ON claims.claims TO claims_app;

CREATE TABLE claims.claim_lines (
  practice_id         uuid          NOT NULL,
  claim_id            uuid          NOT NULL,
  line_number         integer       NOT NULL,
  cpt_code            text          NOT NULL,
  modifiers           jsonb         NOT NULL DEFAULT '[]',
  units               integer       NOT NULL DEFAULT 1,
  charge_amount       numeric(12,2) NOT NULL,
  place_of_service    text          NOT NULL,
  diagnosis_pointers  jsonb         NOT NULL DEFAULT '[1]',
  service_date        date          NOT NULL,
  duration_minutes    integer,
  CONSTRAINT claim_lines_pkey PRIMARY KEY (practice_id, claim_id, line_number),
  CONSTRAINT claim_lines_claim_fkey FOREIGN KEY (practice_id, claim_id) REFERENCES claims.claims (practice_id, id),
  CONSTRAINT claim_lines_line_number_check CHECK (line_number BETWEEN 1 AND 50),
  CONSTRAINT claim_lines_lists_check CHECK (jsonb_typeof(modifiers) = 'array' AND jsonb_typeof(diagnosis_pointers) = 'array'),
  CONSTRAINT claim_lines_money_check CHECK (charge_amount >= 0)
);
COMMENT ON TABLE claims.claim_lines IS 'What a claim bills, 1 to 50 lines. Belongs to its claim: changed with it and under its version.';
COMMENT ON COLUMN claims.claim_lines.modifiers IS 'Array of two-character modifiers, in order.';
COMMENT ON COLUMN claims.claim_lines.diagnosis_pointers IS 'Array of 1 to 4 positions in the claim''s diagnosis_codes, from 1.';
SELECT ops.protect('claims.claim_lines');
-- lines of a draft are replaced as a whole
GRANT SELECT, INSERT, UPDATE, DELETE ON claims.claim_lines TO claims_app;

CREATE TABLE claims.claim_numbers (
  claim_number text NOT NULL,
  practice_id  uuid NOT NULL,
  claim_id     uuid NOT NULL,
  CONSTRAINT claim_numbers_pkey PRIMARY KEY (claim_number),
  CONSTRAINT claim_numbers_claim_fkey FOREIGN KEY (practice_id, claim_id) REFERENCES claims.claims (practice_id, id)
);
COMMENT ON TABLE claims.claim_numbers IS
  'The one deliberate global key: responses come back from strangers with nothing but this number. No PHI. The application may add rows of its practice; reading is claims.claim_number_resolve.';
SELECT ops.protect('claims.claim_numbers');
GRANT INSERT ON claims.claim_numbers TO claims_app;
CREATE POLICY access_functions ON claims.claim_numbers FOR SELECT TO claims_owner USING (true);

CREATE FUNCTION claims.claim_number_resolve(p_claim_number text, p_account_id uuid, p_scope text, p_at timestamptz)
RETURNS TABLE (practice_id uuid, claim_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT n.practice_id, n.claim_id
    FROM claims.claim_numbers n
    JOIN tenancy.service_grants g ON g.practice_id = n.practice_id AND g.account_id = p_account_id
    WHERE n.claim_number = p_claim_number
      AND p_scope = ANY (g.scopes) AND g.valid_from <= p_at AND (g.valid_to IS NULL OR p_at < g.valid_to);
END $$;
COMMENT ON FUNCTION claims.claim_number_resolve(text, uuid, text, timestamptz) IS
  'For response ingestion: whose claim this number is, if the service account holds that scope there at that time; otherwise no row, exactly as for a number that does not exist.';
GRANT EXECUTE ON FUNCTION claims.claim_number_resolve(text, uuid, text, timestamptz) TO claims_app;

-- === to the payer ===

CREATE TABLE claims.submissions (
  practice_id      uuid        NOT NULL,
  id               uuid        NOT NULL,
  claim_id         uuid        NOT NULL,
  attempt          integer     NOT NULL,
  state            text        NOT NULL DEFAULT 'queued',
  submitted_at     timestamptz NOT NULL,
  submitted_by     uuid        NOT NULL,
  snapshot         jsonb       NOT NULL,
  snapshot_hash    bytea       NOT NULL,
  transmitted_at   timestamptz,
  transmission_ref text,
  failed_at        timestamptz,
  failure_reason   text,
  version          bigint      NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT submissions_pkey PRIMARY KEY (practice_id, id),
  CONSTRAINT submissions_attempt_key UNIQUE (practice_id, claim_id, attempt),
  CONSTRAINT submissions_claim_fkey FOREIGN KEY (practice_id, claim_id) REFERENCES claims.claims (practice_id, id),
  CONSTRAINT submissions_state_check CHECK (state IN ('queued', 'transmitted', 'failed')),
  CONSTRAINT submissions_outcome_check CHECK (
    (state <> 'transmitted' OR transmitted_at IS NOT NULL) AND (state = 'failed') = (failed_at IS NOT NULL)),
  CONSTRAINT submissions_attempt_check CHECK (attempt > 0),
  CONSTRAINT submissions_snapshot_hash_check CHECK (octet_length(snapshot_hash) = 32)
) WITH (fillfactor = 85);
COMMENT ON TABLE claims.submissions IS 'One per attempt to send a claim. PHI. The snapshot is what left and never changes.';
COMMENT ON COLUMN claims.submissions.submitted_by IS 'User or service account.';
COMMENT ON COLUMN claims.submissions.snapshot IS 'The claim as it was sent.';
COMMENT ON COLUMN claims.submissions.snapshot_hash IS 'SHA-256 of the snapshot''s canonical form; the adapter names it when it confirms.';
COMMENT ON COLUMN claims.submissions.transmission_ref IS 'The partner''s reference for the bytes it took.';
COMMENT ON COLUMN claims.submissions.failure_reason IS 'A reason code of the adapter, no free text.';
COMMENT ON COLUMN claims.submissions.version IS 'Counts updates.';
SELECT ops.protect('claims.submissions');
GRANT SELECT, INSERT, UPDATE ON claims.submissions TO claims_app;

-- === and back ===

CREATE TABLE claims.acknowledgments (
  practice_id        uuid        NOT NULL,
  id                 uuid        NOT NULL,
  response_id        text        NOT NULL,
  claim_id           uuid        NOT NULL,
  submission_id      uuid,
  kind               text        NOT NULL,
  rejected_by        text,
  payer_claim_number text,
  reasons            jsonb       NOT NULL DEFAULT '[]',
  body               jsonb       NOT NULL,
  body_hash          bytea       NOT NULL,
  occurred_at        timestamptz NOT NULL,
  received_at        timestamptz NOT NULL,
  reported_by        uuid        NOT NULL,
  outcome            text        NOT NULL,
  outcome_reason     text,
  CONSTRAINT acknowledgments_pkey PRIMARY KEY (practice_id, id),
  CONSTRAINT acknowledgments_response_key UNIQUE (practice_id, response_id),
  CONSTRAINT acknowledgments_claim_fkey FOREIGN KEY (practice_id, claim_id) REFERENCES claims.claims (practice_id, id),
  CONSTRAINT acknowledgments_submission_fkey FOREIGN KEY (practice_id, submission_id) REFERENCES claims.submissions (practice_id, id),
  CONSTRAINT acknowledgments_kind_check CHECK (kind IN ('received', 'accepted', 'pended', 'rejected', 'paid', 'denied', 'reversed')),
  CONSTRAINT acknowledgments_rejected_by_check CHECK (
    (kind = 'rejected') = (rejected_by IS NOT NULL) AND rejected_by IN ('transport', 'clearinghouse', 'payer')),
  CONSTRAINT acknowledgments_outcome_check CHECK (outcome IN ('applied', 'recorded', 'parked')),
  CONSTRAINT acknowledgments_reasons_check CHECK (jsonb_typeof(reasons) = 'array'),
  CONSTRAINT acknowledgments_body_hash_check CHECK (octet_length(body_hash) = 32)
);
CREATE INDEX acknowledgments_claim_idx ON claims.acknowledgments (practice_id, claim_id, received_at);
COMMENT ON TABLE claims.acknowledgments IS 'Every answer about a claim as it was received, whether it changed anything or not. PHI.';
COMMENT ON COLUMN claims.acknowledgments.response_id IS 'The reporter''s id of the response: the same one again is the same response.';
COMMENT ON COLUMN claims.acknowledgments.rejected_by IS 'Who would not take the claim, when it was rejected.';
COMMENT ON COLUMN claims.acknowledgments.reasons IS 'Array of {code, …} as the payer gave them.';
COMMENT ON COLUMN claims.acknowledgments.body IS 'The typed response, complete.';
COMMENT ON COLUMN claims.acknowledgments.body_hash IS 'SHA-256 of the response: tells a repetition from another response under a used id.';
COMMENT ON COLUMN claims.acknowledgments.occurred_at IS 'When the payer said it.';
COMMENT ON COLUMN claims.acknowledgments.outcome IS 'applied; recorded (late or overtaken, no effect); parked (not legal yet, waits).';
SELECT ops.protect('claims.acknowledgments');
GRANT SELECT, INSERT, UPDATE (outcome, outcome_reason) ON claims.acknowledgments TO claims_app;

CREATE TABLE claims.remittances (
  practice_id         uuid          NOT NULL,
  id                  uuid          NOT NULL,
  payer_id            text          NOT NULL,
  payer_trace         text          NOT NULL,
  payment_reference   text          NOT NULL,
  payment_method      text          NOT NULL,
  payment_date        date          NOT NULL,
  payment_amount      numeric(12,2) NOT NULL,
  provider_adjustments jsonb        NOT NULL DEFAULT '[]',
  content_hash        bytea,
  received_at         timestamptz   NOT NULL,
  version             bigint        NOT NULL DEFAULT 1,
  created_at          timestamptz   NOT NULL DEFAULT now(),
  updated_at          timestamptz   NOT NULL DEFAULT now(),
  CONSTRAINT remittances_pkey PRIMARY KEY (practice_id, id),
  CONSTRAINT remittances_identity_key UNIQUE (practice_id, payer_trace, payment_reference, payment_date, payment_amount),
  CONSTRAINT remittances_practice_fkey FOREIGN KEY (practice_id) REFERENCES tenancy.practices (id),
  CONSTRAINT remittances_payment_method_check CHECK (payment_method IN ('ach', 'check', 'wire', 'card', 'none')),
  CONSTRAINT remittances_adjustments_check CHECK (jsonb_typeof(provider_adjustments) = 'array')
);
COMMENT ON TABLE claims.remittances IS 'One payment of a payer (a check, a transfer, or none) with the claims it explains.';
COMMENT ON COLUMN claims.remittances.payer_trace IS 'TRN03 of the 835: who pays.';
COMMENT ON COLUMN claims.remittances.payment_reference IS 'TRN02: check or transfer number.';
COMMENT ON COLUMN claims.remittances.provider_adjustments IS 'PLB of the 835: array of {code, reference, amount}, on the practice, not on a claim.';
COMMENT ON COLUMN claims.remittances.content_hash IS 'SHA-256 of the document when it came as one.';
COMMENT ON COLUMN claims.remittances.version IS 'Counts updates.';
SELECT ops.protect('claims.remittances');
GRANT SELECT, INSERT, UPDATE ON claims.remittances TO claims_app;

CREATE TABLE claims.remittance_claims (
  practice_id                   uuid          NOT NULL,
  id                            uuid          NOT NULL,
  remittance_id                 uuid          NOT NULL,
  claim_id                      uuid,
  claim_number                  text          NOT NULL,
  payer_claim_number            text,
  payer_status_code             text          NOT NULL,
  service_date                  date,
  charge_amount                 numeric(12,2) NOT NULL,
  paid_amount                   numeric(12,2) NOT NULL,
  patient_responsibility_amount numeric(12,2) NOT NULL DEFAULT 0,
  adjustments                   jsonb         NOT NULL DEFAULT '[]',
  lines                         jsonb         NOT NULL DEFAULT '[]',
  matched_at                    timestamptz,
  version                       bigint        NOT NULL DEFAULT 1,
  created_at                    timestamptz   NOT NULL DEFAULT now(),
  updated_at                    timestamptz   NOT NULL DEFAULT now(),
  CONSTRAINT remittance_claims_pkey PRIMARY KEY (practice_id, id),
  CONSTRAINT remittance_claims_remittance_fkey FOREIGN KEY (practice_id, remittance_id) REFERENCES claims.remittances (practice_id, id),
  CONSTRAINT remittance_claims_claim_fkey FOREIGN KEY (practice_id, claim_id) REFERENCES claims.claims (practice_id, id),
  CONSTRAINT remittance_claims_matched_check CHECK ((claim_id IS NULL) = (matched_at IS NULL)),
  CONSTRAINT remittance_claims_lists_check CHECK (jsonb_typeof(adjustments) = 'array' AND jsonb_typeof(lines) = 'array')
);
CREATE INDEX remittance_claims_remittance_idx ON claims.remittance_claims (practice_id, remittance_id);
CREATE INDEX remittance_claims_claim_idx ON claims.remittance_claims (practice_id, claim_id);
COMMENT ON TABLE claims.remittance_claims IS 'What a remittance says about one claim; without claim_id while it matches none. PHI.';
COMMENT ON COLUMN claims.remittance_claims.claim_number IS 'CLP01 as received.';
COMMENT ON COLUMN claims.remittance_claims.payer_status_code IS 'CLP02; denied is derived from the adjustments, not from this alone.';
COMMENT ON COLUMN claims.remittance_claims.adjustments IS 'Array of {group, reason, amount, quantity?}.';
COMMENT ON COLUMN claims.remittance_claims.lines IS 'Array of service lines with their own adjustments and remarks.';
COMMENT ON COLUMN claims.remittance_claims.version IS 'Counts updates.';
SELECT ops.protect('claims.remittance_claims');
GRANT SELECT, INSERT, UPDATE ON claims.remittance_claims TO claims_app;

CREATE TABLE claims.ledger_entries (
  practice_id         uuid          NOT NULL,
  id                  uuid          NOT NULL,
  claim_id            uuid          NOT NULL,
  line_number         integer,
  kind                text          NOT NULL,
  amount              numeric(12,2) NOT NULL,
  group_code          text,
  reason_code         text,
  remark_codes        jsonb         NOT NULL DEFAULT '[]',
  acknowledgment_id   uuid,
  remittance_claim_id uuid,
  reverses_entry_id   uuid,
  occurred_on         date          NOT NULL,
  created_by          uuid          NOT NULL,
  created_at          timestamptz   NOT NULL DEFAULT now(),
  CONSTRAINT ledger_entries_pkey PRIMARY KEY (practice_id, id),
  CONSTRAINT ledger_entries_claim_fkey FOREIGN KEY (practice_id, claim_id) REFERENCES claims.claims (practice_id, id),
  CONSTRAINT ledger_entries_acknowledgment_fkey FOREIGN KEY (practice_id, acknowledgment_id) REFERENCES claims.acknowledgments (practice_id, id),
  CONSTRAINT ledger_entries_remittance_claim_fkey FOREIGN KEY (practice_id, remittance_claim_id) REFERENCES claims.remittance_claims (practice_id, id),
  CONSTRAINT ledger_entries_reverses_fkey FOREIGN KEY (practice_id, reverses_entry_id) REFERENCES claims.ledger_entries (practice_id, id),
  CONSTRAINT ledger_entries_kind_check CHECK (kind IN
    ('charge', 'payer_payment', 'patient_payment', 'adjustment', 'patient_responsibility', 'write_off', 'refund')),
  CONSTRAINT ledger_entries_group_code_check CHECK (group_code IN ('CO', 'PR', 'OA', 'PI')),
  CONSTRAINT ledger_entries_remark_codes_check CHECK (jsonb_typeof(remark_codes) = 'array')
);
CREATE INDEX ledger_entries_claim_idx ON claims.ledger_entries (practice_id, claim_id);
COMMENT ON TABLE claims.ledger_entries IS 'Money, one row per movement, only ever added; a mistake or reversal is a row with the opposite sign. The claim''s amounts are sums of these.';
COMMENT ON COLUMN claims.ledger_entries.line_number IS 'The claim line it concerns, when the payer said so.';
COMMENT ON COLUMN claims.ledger_entries.group_code IS 'Who bears an adjustment: CO contractual, PR patient, OA other, PI payer initiated.';
COMMENT ON COLUMN claims.ledger_entries.reason_code IS 'Claim adjustment reason code (CARC).';
COMMENT ON COLUMN claims.ledger_entries.remark_codes IS 'Array of remark codes (RARC).';
COMMENT ON COLUMN claims.ledger_entries.created_by IS 'User or service account.';
SELECT ops.protect('claims.ledger_entries');
-- neither UPDATE nor DELETE: rows leave only with their claim, to cold storage
GRANT SELECT, INSERT ON claims.ledger_entries TO claims_app;

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
