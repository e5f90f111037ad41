INSERT INTO claims.ledger_entries (practice_id, id, claim_id, kind, amount, group_code, reason_code, acknowledgment_id, occurred_on,
                                   created_by, created_at)
SELECT $1, t.id, $2, t.kind, t.amount, t.group_code, t.reason_code, t.acknowledgment_id, t.occurred_on, $3, $4
FROM unnest($5::uuid[], $6::text[], $7::numeric[], $8::text[], $9::text[], $10::uuid[], $11::date[])
  AS t(id, kind, amount, group_code, reason_code, acknowledgment_id, occurred_on)
