WITH n AS (
  INSERT INTO claims.claim_numbers (practice_id, claim_id, claim_number) VALUES ($1, $2, $12)
)
