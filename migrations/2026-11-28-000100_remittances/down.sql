DROP INDEX claims.remittances_incomplete_idx;
DROP INDEX claims.remittances_payer_idx;
DROP INDEX claims.remittances_payment_date_idx;

CREATE INDEX remittance_claims_remittance_idx ON claims.remittance_claims (practice_id, remittance_id);
DROP INDEX claims.remittance_claims_of_remittance_idx;

ALTER TABLE claims.remittance_claims
  DROP CONSTRAINT remittance_claims_matched_by_check,
  DROP COLUMN matched_by;
