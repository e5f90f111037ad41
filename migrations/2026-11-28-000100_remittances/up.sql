-- What a remittance says of a claim that nobody found waits for a person, who names the claim or says why there is none.

ALTER TABLE claims.remittance_claims
  ADD COLUMN matched_by uuid,
  ADD CONSTRAINT remittance_claims_matched_by_check CHECK (matched_by IS NULL OR (state = 'posted' AND matched_at IS NOT NULL));
COMMENT ON COLUMN claims.remittance_claims.matched_by IS 'The user who named the claim; empty where the remittance named it itself.';

-- a page of one remittance is read in the order of the ids
CREATE INDEX remittance_claims_of_remittance_idx ON claims.remittance_claims (practice_id, remittance_id, id);
DROP INDEX claims.remittance_claims_remittance_idx;

CREATE INDEX remittances_payment_date_idx ON claims.remittances (practice_id, payment_date);
CREATE INDEX remittances_payer_idx ON claims.remittances (practice_id, payer_id, id);
CREATE INDEX remittances_incomplete_idx ON claims.remittances (practice_id, id) WHERE NOT is_complete;
