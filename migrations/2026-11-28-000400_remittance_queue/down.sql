COMMENT ON COLUMN claims.remittance_claims.state IS 'posted: it is that claim''s answer, whose outcome tells whether it counts or waits; parked: the claim can''t take it; unmatched: nobody knows whose it is; dismissed: a person settled it otherwise.';
COMMENT ON COLUMN claims.remittance_claims.acknowledgment_id IS 'The answer that it was posted as.';
