WITH h AS (
  UPDATE audit.heads
  SET last_position = last_position + 1, last_hash = audit.link(practice_id, last_position + 1, last_hash, $24, $25)
  WHERE practice_id = $1 RETURNING last_position, last_hash
)
INSERT INTO audit.entries (practice_id, position, recorded_at, actor_kind, user_id, account_id, actor_role, token_key_id, action, outcome,
                           method, resource_type, resource_ids, resource_count, resource_hash, patient_ids, accessed_phi, request_id,
                           ip_address, reason, purpose, break_glass_id, field_classes, attempts, body, mac, hash)
SELECT $1, h.last_position, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
       h.last_hash
FROM h
