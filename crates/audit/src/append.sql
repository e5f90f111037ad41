WITH e AS (
  -- sorted by practice; rank counts the new entries of each from 1
  SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[],
                       $10::text[], $11::text[], $12::text[], $13::integer[], $14::bytea[], $15::text[], $16::boolean[], $17::text[],
                       $18::text[], $19::text[], $20::text[], $21::uuid[], $22::text[], $23::integer[], $24::bytea[], $25::bytea[],
                       $26::bigint[])
    AS t (practice_id, recorded_at, actor_kind, user_id, account_id, actor_role, token_key_id, action, outcome, method, resource_type,
          resource_ids, resource_count, resource_hash, patient_ids, accessed_phi, request_id, ip_address, reason, purpose, break_glass_id,
          field_classes, attempts, body, mac, rank)
), l AS (
  -- locked in one order by everybody, so batches never wait for each other in a circle
  SELECT h.* FROM audit.heads h WHERE h.practice_id = ANY ($1) ORDER BY h.practice_id FOR UPDATE
), c AS (
  SELECT e.*, l.last_position + e.rank AS position,
         audit.chain(l.last_hash, e.practice_id, l.last_position + e.rank, e.body, e.mac)
           OVER (PARTITION BY e.practice_id ORDER BY e.rank ROWS UNBOUNDED PRECEDING) AS hash
  FROM e JOIN l ON l.practice_id = e.practice_id
), h AS (
  UPDATE audit.heads h SET last_position = t.position, last_hash = t.hash
  FROM (SELECT DISTINCT ON (practice_id) practice_id, position, hash FROM c ORDER BY practice_id, position DESC) t
  WHERE h.practice_id = t.practice_id
)
INSERT INTO audit.entries (practice_id, position, recorded_at, actor_kind, user_id, account_id, actor_role, token_key_id, action, outcome,
                           method, resource_type, resource_ids, resource_count, resource_hash, patient_ids, accessed_phi, request_id,
                           ip_address, reason, purpose, break_glass_id, field_classes, attempts, body, mac, hash)
SELECT practice_id, position, recorded_at, actor_kind, user_id, account_id, actor_role, token_key_id, action, outcome, method, resource_type,
       resource_ids::text[], resource_count, resource_hash, patient_ids::uuid[], accessed_phi, request_id, ip_address, reason, purpose,
       break_glass_id, field_classes::text[], attempts, body, mac, hash
FROM c
