ALTER TABLE claims.acknowledgments
  DROP CONSTRAINT acknowledgments_kind_check,
  ADD CONSTRAINT acknowledgments_kind_check CHECK (kind IN ('received', 'accepted', 'pended', 'rejected', 'paid', 'denied', 'reversed'));
ALTER TABLE claims.claims
  DROP CONSTRAINT claims_before_void_check,
  DROP CONSTRAINT claims_delay_reason_check,
  DROP COLUMN before_void_payer_state,
  DROP COLUMN before_void_status,
  DROP COLUMN delay_reason_code;
DROP TABLE claims.claim_actions;
