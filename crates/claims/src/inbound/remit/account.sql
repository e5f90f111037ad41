INSERT INTO claims.practice_ledger_entries (practice_id, remittance_id, occurred_on, created_by, created_at, id, ordinal, kind,
  reason_code, reference, amount)
SELECT $1, $2, $3, $4, $5, t.id, t.ordinal::integer, 'provider_adjustment', t.reason, t.reference, t.amount
FROM unnest($6::uuid[], $7::text[], $8::text[], $9::numeric[]) WITH ORDINALITY AS t(id, reason, reference, amount, ordinal)
ON CONFLICT (practice_id, remittance_id, ordinal) DO NOTHING
RETURNING id
