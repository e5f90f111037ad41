INSERT INTO claims.submissions (practice_id, id, claim_id, attempt, state, submitted_at, submitted_by, snapshot, snapshot_hash,
                                created_at, updated_at)
SELECT $1, t.id, t.claim_id, t.attempt, 'queued', t.at, $2, t.snapshot, t.snapshot_hash, t.at, t.at
FROM unnest($3::uuid[], $4::uuid[], $5::integer[], $6::timestamptz[], $7::jsonb[], $8::bytea[])
  AS t(id, claim_id, attempt, at, snapshot, snapshot_hash)
