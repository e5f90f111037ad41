-- Replacement claims, claims to the next payer, appeals, and what payers pass on by themselves.

-- A replacement stands beside the claim that it is to take the place of, until the payer has accepted it.
DROP INDEX claims.claims_active_session_key;
CREATE UNIQUE INDEX claims_active_session_key ON claims.claims (practice_id, session_id, payer_sequence)
  WHERE disposition = 'active' AND frequency = '1';

ALTER TABLE claims.claims
  ADD COLUMN replaced_by_claim_id uuid,
  ADD COLUMN prior_claim_id uuid,
  ADD COLUMN is_forwarded boolean NOT NULL DEFAULT false,
  ADD CONSTRAINT claims_replaced_by_fkey FOREIGN KEY (practice_id, replaced_by_claim_id) REFERENCES claims.claims (practice_id, id),
  ADD CONSTRAINT claims_prior_fkey FOREIGN KEY (practice_id, prior_claim_id) REFERENCES claims.claims (practice_id, id),
  ADD CONSTRAINT claims_prior_check CHECK (prior_claim_id IS NULL OR payer_sequence <> 'primary'),
  ADD CONSTRAINT claims_replaced_check CHECK (
    disposition <> 'replaced' OR (payer_state = 'replacement_pending' AND replaced_by_claim_id IS NOT NULL)),
  DROP CONSTRAINT claims_before_void_check,
  ADD CONSTRAINT claims_before_void_check CHECK (CASE
    WHEN payer_state NOT IN ('void_pending', 'replacement_pending') THEN
      num_nonnulls(before_void_status, before_void_payer_state) = 0
    WHEN before_void_status = 'submitted' THEN
      before_void_payer_state = 'accepted' OR (payer_state = 'replacement_pending' AND before_void_payer_state = 'reversed')
    WHEN before_void_status = 'paid' THEN
      before_void_payer_state IN ('paid_full', 'paid_partial', 'zero_pay_patient_responsibility', 'paid_zero_contractual')
    WHEN before_void_status = 'denied' THEN before_void_payer_state IN ('denied', 'denied_appealable', 'denied_final')
    ELSE false END IS TRUE);
CREATE UNIQUE INDEX claims_replaces_key ON claims.claims (practice_id, replaces_claim_id) WHERE disposition = 'active';
CREATE INDEX claims_prior_idx ON claims.claims (practice_id, prior_claim_id) WHERE prior_claim_id IS NOT NULL;
COMMENT ON COLUMN claims.claims.disposition IS
  'Whether the claim still counts, and why not. At most one active first claim per session and payer sequence, and one active replacement of a claim.';
COMMENT ON COLUMN claims.claims.replaced_by_claim_id IS 'The replacement that was made of it last, whether the payer took it or not; empty when that was cancelled.';
COMMENT ON COLUMN claims.claims.prior_claim_id IS 'The claim to the earlier payer, whose decision this one tells.';
COMMENT ON COLUMN claims.claims.is_forwarded IS 'The payer said that it passed the claim on to the next payer by itself.';
COMMENT ON COLUMN claims.claims.before_void_status IS
  'Where the claim stands but for the void or replacement that was asked for: it is there again when the payer does not do it.';

ALTER TABLE claims.acknowledgments
  DROP CONSTRAINT acknowledgments_kind_check,
  ADD CONSTRAINT acknowledgments_kind_check CHECK (
    kind IN ('received', 'accepted', 'pended', 'forwarded', 'rejected', 'paid', 'denied', 'reversed', 'voided'));

ALTER TABLE claims.claim_actions
  ADD COLUMN deadline date,
  DROP CONSTRAINT claim_actions_kind_check,
  ADD CONSTRAINT claim_actions_kind_check CHECK (kind IN ('void', 'write_off', 'timely_filing_override', 'appeal')),
  ADD CONSTRAINT claim_actions_deadline_check CHECK ((kind = 'appeal') = (deadline IS NOT NULL));
COMMENT ON TABLE claims.claim_actions IS
  'Voids, write-offs, late filings and appeals, with who wanted each and who decided it. Never deleted.';
COMMENT ON COLUMN claims.claim_actions.deadline IS 'The last day on which the payer takes the appeal.';
