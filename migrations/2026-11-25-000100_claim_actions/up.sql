-- What only an admin decides about a claim: voiding it, writing it off, filing it late. Others propose it, and a second
-- person decides.

CREATE TABLE claims.claim_actions (
  practice_id       uuid        NOT NULL,
  id                uuid        NOT NULL,
  claim_id          uuid        NOT NULL,
  kind              text        NOT NULL,
  reason            text        NOT NULL,
  delay_reason_code text,
  was_proposed      boolean     NOT NULL,
  state             text        NOT NULL,
  requested_by      uuid        NOT NULL,
  requested_at      timestamptz NOT NULL,
  decided_by        uuid,
  decided_at        timestamptz,
  decision_note     text,
  version           bigint      NOT NULL DEFAULT 1,
  created_at        timestamptz NOT NULL DEFAULT now(),
  updated_at        timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT claim_actions_pkey PRIMARY KEY (practice_id, id),
  CONSTRAINT claim_actions_claim_fkey FOREIGN KEY (practice_id, claim_id) REFERENCES claims.claims (practice_id, id),
  CONSTRAINT claim_actions_kind_check CHECK (kind IN ('void', 'write_off', 'timely_filing_override')),
  CONSTRAINT claim_actions_state_check CHECK (state IN ('proposed', 'applied', 'rejected', 'withdrawn')),
  CONSTRAINT claim_actions_delay_reason_check CHECK (
    (kind = 'timely_filing_override') = (delay_reason_code IS NOT NULL)
    AND delay_reason_code IN ('1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '15')),
  CONSTRAINT claim_actions_decision_check CHECK (CASE
    WHEN NOT was_proposed THEN state = 'applied' AND num_nonnulls(decided_by, decided_at, decision_note) = 0
    WHEN state = 'proposed' THEN num_nonnulls(decided_by, decided_at, decision_note) = 0
    WHEN state = 'withdrawn' THEN decided_by = requested_by AND decided_at IS NOT NULL AND decision_note IS NULL
    ELSE decided_by <> requested_by AND decided_at IS NOT NULL END IS TRUE)
);
CREATE UNIQUE INDEX claim_actions_open_key ON claims.claim_actions (practice_id, claim_id, kind) WHERE state = 'proposed';
CREATE INDEX claim_actions_claim_idx ON claims.claim_actions (practice_id, claim_id, id);
CREATE INDEX claim_actions_state_idx ON claims.claim_actions (practice_id, state, id);
COMMENT ON TABLE claims.claim_actions IS 'Voids, write-offs and late filings, with who wanted each and who decided it. Never deleted.';
COMMENT ON COLUMN claims.claim_actions.reason IS 'In the words of who asked for it; may speak of the patient, so it is PHI.';
COMMENT ON COLUMN claims.claim_actions.delay_reason_code IS 'X12 delay reason (CLM20) of a late filing.';
COMMENT ON COLUMN claims.claim_actions.was_proposed IS 'It was only proposed, so another person has to decide; otherwise it was applied at once. Never changes.';
COMMENT ON COLUMN claims.claim_actions.requested_by IS 'User who proposed it, or applied it at once.';
COMMENT ON COLUMN claims.claim_actions.decided_by IS 'User who applied or rejected the proposal, never its proposer; the proposer of one that was withdrawn.';
COMMENT ON COLUMN claims.claim_actions.decision_note IS 'In the words of who decided; PHI as the reason is.';
COMMENT ON COLUMN claims.claim_actions.version IS 'Counts updates; the etag.';
SELECT ops.protect('claims.claim_actions');
-- what was asked for, and by whom, stays as it is
GRANT SELECT, INSERT, UPDATE (state, decided_by, decided_at, decision_note, version, updated_at) ON claims.claim_actions TO claims_app;

ALTER TABLE claims.claims
  ADD COLUMN delay_reason_code text,
  ADD COLUMN before_void_status text,
  ADD COLUMN before_void_payer_state text,
  ADD CONSTRAINT claims_delay_reason_check CHECK (
    delay_reason_code IN ('1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '15')),
  ADD CONSTRAINT claims_before_void_check CHECK (CASE
    WHEN payer_state <> 'void_pending' THEN num_nonnulls(before_void_status, before_void_payer_state) = 0
    WHEN before_void_status = 'submitted' THEN before_void_payer_state = 'accepted'
    WHEN before_void_status = 'paid' THEN
      before_void_payer_state IN ('paid_full', 'paid_partial', 'zero_pay_patient_responsibility', 'paid_zero_contractual')
    WHEN before_void_status = 'denied' THEN before_void_payer_state IN ('denied', 'denied_appealable', 'denied_final')
    ELSE false END IS TRUE);
COMMENT ON COLUMN claims.claims.delay_reason_code IS 'Why it may be filed late (CLM20), once that was decided; TIMELY_FILING_EXPIRED then warns only.';
COMMENT ON COLUMN claims.claims.before_void_status IS 'Where the claim stands but for the void that was asked for: it is there again when the payer refuses.';
COMMENT ON COLUMN claims.claims.before_void_payer_state IS 'With before_void_status.';

ALTER TABLE claims.acknowledgments
  DROP CONSTRAINT acknowledgments_kind_check,
  ADD CONSTRAINT acknowledgments_kind_check CHECK (
    kind IN ('received', 'accepted', 'pended', 'rejected', 'paid', 'denied', 'reversed', 'voided'));
