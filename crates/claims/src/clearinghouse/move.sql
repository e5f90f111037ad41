UPDATE claims.claims c
SET status = t.status, payer_state = t.payer_state, payer_state_at = t.payer_state_at, was_transmitted = t.was_transmitted,
    before_void_status = t.before_void_status, before_void_payer_state = t.before_void_payer_state,
    version = t.version, updated_at = t.updated_at
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::boolean[], $7::text[], $8::text[], $9::bigint[],
            $10::timestamptz[])
  AS t(id, status, payer_state, payer_state_at, was_transmitted, before_void_status, before_void_payer_state, version,
       updated_at)
WHERE c.practice_id = $1 AND c.id = t.id AND c.version = t.version - 1
