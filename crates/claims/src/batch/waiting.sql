SELECT s.id, s.claim_id, c.patient_id, s.attempt, s.snapshot, s.snapshot_hash
FROM claims.submissions s
JOIN claims.claims c ON c.practice_id = s.practice_id AND c.id = s.claim_id
WHERE s.practice_id = $1 AND s.state = 'queued' AND s.batch_id IS NULL
  AND c.practice_id = $1 AND c.status = 'submitted' AND c.attempt = s.attempt
  AND CASE WHEN $3 THEN NOT EXISTS (SELECT FROM claims.payer_routes r WHERE r.payer_id = c.payer_id AND r.trading_partner_id <> $2)
      ELSE EXISTS (SELECT FROM claims.payer_routes r WHERE r.payer_id = c.payer_id AND r.trading_partner_id = $2) END
ORDER BY s.id
LIMIT $4
FOR NO KEY UPDATE OF s SKIP LOCKED
