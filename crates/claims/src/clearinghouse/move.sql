UPDATE claims.claims c
SET status = t.status, payer_state = t.payer_state, payer_state_at = t.payer_state_at, was_transmitted = t.was_transmitted,
    version = t.version, updated_at = t.updated_at
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::boolean[], $7::bigint[], $8::timestamptz[])
  AS t(id, status, payer_state, payer_state_at, was_transmitted, version, updated_at)
WHERE c.practice_id = $1 AND c.id = t.id AND c.version = t.version - 1
