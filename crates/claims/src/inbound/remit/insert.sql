INSERT INTO claims.remittance_claims (practice_id, remittance_id, id, ordinal, claim_id, claim_number, payer_claim_number,
  payer_status_code, service_date, charge_amount, paid_amount, patient_responsibility_amount, adjustments, lines, member_id, state,
  state_reason, acknowledgment_id, matched_at, created_at, updated_at)
SELECT $1, $2, t.id, t.ordinal, t.claim_id, t.claim_number, t.payer_claim_number, t.status, t.service_date, t.charge, t.paid, t.patient,
  t.adjustments, t.lines, t.member_id, t.state, t.reason, a.id, CASE WHEN t.claim_id IS NOT NULL THEN $3 END, $3, $3
FROM unnest($4::uuid[], $5::integer[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::date[], $11::numeric[], $12::numeric[],
            $13::numeric[], $14::jsonb[], $15::jsonb[], $16::text[], $17::text[], $18::text[], $19::text[])
  AS t(id, ordinal, claim_id, claim_number, payer_claim_number, status, service_date, charge, paid, patient, adjustments, lines,
       member_id, state, reason, response_id)
LEFT JOIN claims.acknowledgments a ON a.practice_id = $1 AND a.response_id = t.response_id
RETURNING id
