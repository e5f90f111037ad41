-- What waits at its claim is on the queue of what a person may have to settle, until it counts.

COMMENT ON COLUMN claims.remittance_claims.state IS 'posted: it is that claim''s answer, and counts; parked: the claim can''t take it as it stands, and acknowledgment_id is the answer that waits there, if it is one; unmatched: nobody knows whose it is; dismissed: a person settled it otherwise.';
COMMENT ON COLUMN claims.remittance_claims.acknowledgment_id IS 'The answer that it is, or was, at its claim.';
