ALTER TABLE claims.claim_actions
  DROP CONSTRAINT claim_actions_deadline_check,
  DROP CONSTRAINT claim_actions_kind_check,
  ADD CONSTRAINT claim_actions_kind_check CHECK (kind IN ('void', 'write_off', 'timely_filing_override')),
  DROP COLUMN deadline;
COMMENT ON TABLE claims.claim_actions IS 'Voids, write-offs and late filings, with who wanted each and who decided it. Never deleted.';
ALTER TABLE claims.acknowledgments
  DROP CONSTRAINT acknowledgments_kind_check,
  ADD CONSTRAINT acknowledgments_kind_check CHECK (
    kind IN ('received', 'accepted', 'pended', 'rejected', 'paid', 'denied', 'reversed', 'voided'));
DROP INDEX claims.claims_prior_idx;
DROP INDEX claims.claims_replaces_key;
DROP INDEX claims.claims_active_session_key;
ALTER TABLE claims.claims
  DROP CONSTRAINT claims_before_void_check,
  ADD CONSTRAINT claims_before_void_check CHECK (CASE
    WHEN payer_state <> 'void_pending' THEN num_nonnulls(before_void_status, before_void_payer_state) = 0
    WHEN before_void_status = 'submitted' THEN before_void_payer_state = 'accepted'
    WHEN before_void_status = 'paid' THEN
      before_void_payer_state IN ('paid_full', 'paid_partial', 'zero_pay_patient_responsibility', 'paid_zero_contractual')
    WHEN before_void_status = 'denied' THEN before_void_payer_state IN ('denied', 'denied_appealable', 'denied_final')
    ELSE false END IS TRUE),
  DROP CONSTRAINT claims_replaced_check,
  DROP CONSTRAINT claims_prior_check,
  DROP CONSTRAINT claims_prior_fkey,
  DROP CONSTRAINT claims_replaced_by_fkey,
  DROP COLUMN is_forwarded,
  DROP COLUMN prior_claim_id,
  DROP COLUMN replaced_by_claim_id;
CREATE UNIQUE INDEX claims_active_session_key ON claims.claims (practice_id, session_id, payer_sequence) WHERE disposition = 'active';
COMMENT ON COLUMN claims.claims.disposition IS 'Whether the claim still counts, and why not. At most one active claim per session and payer sequence.';
COMMENT ON COLUMN claims.claims.before_void_status IS 'Where the claim stands but for the void that was asked for: it is there again when the payer refuses.';
