WITH e AS (
  SELECT t.*, row_number() OVER (PARTITION BY t.practice_id ORDER BY t.n) AS rank
  FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
              $11::text[], $12::text[], $13::integer[], $14::bytea[], $15::text[], $16::boolean[], $17::text[], $18::text[], $19::text[],
              $20::text[], $21::uuid[])
    WITH ORDINALITY AS t (practice_id, recorded_at, actor_kind, user_id, account_id, actor_role, token_key_id, action, outcome, method,
                          resource_type, resource_ids, resource_count, resource_hash, patient_ids, accessed_phi, request_id, ip_address,
                          reason, purpose, break_glass_id, n)
), c AS (
  SELECT practice_id, count(*) AS entries FROM e GROUP BY practice_id
), l AS (
  -- locked in one order by everybody, so batches never wait for each other in a circle
  SELECT h.practice_id FROM audit.heads h WHERE h.practice_id IN (SELECT practice_id FROM c) ORDER BY h.practice_id FOR UPDATE
), h AS (
  UPDATE audit.heads h SET last_position = h.last_position + c.entries
  FROM c JOIN l USING (practice_id) WHERE h.practice_id = c.practice_id
  RETURNING h.practice_id, h.last_position - c.entries AS base
)
INSERT INTO audit.entries (practice_id, position, recorded_at, actor_kind, user_id, account_id, actor_role, token_key_id, action, outcome,
                           method, resource_type, resource_ids, resource_count, resource_hash, patient_ids, accessed_phi, request_id,
                           ip_address, reason, purpose, break_glass_id)
SELECT e.practice_id, h.base + e.rank, e.recorded_at, e.actor_kind, e.user_id, e.account_id, e.actor_role, e.token_key_id, e.action, e.outcome,
       e.method, e.resource_type, e.resource_ids::text[], e.resource_count, e.resource_hash, e.patient_ids::uuid[], e.accessed_phi,
       e.request_id, e.ip_address, e.reason, e.purpose, e.break_glass_id
FROM e JOIN h ON h.practice_id = e.practice_id
