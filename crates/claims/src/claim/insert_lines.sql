INSERT INTO claims.claim_lines (practice_id, claim_id, line_number, cpt_code, modifiers, units, charge_amount, place_of_service,
                                diagnosis_pointers, service_date, duration_minutes)
SELECT $1, $2, t.*
FROM unnest($3::integer[], $4::text[], $5::jsonb[], $6::integer[], $7::numeric[], $8::text[], $9::jsonb[], $10::date[], $11::integer[]) AS t
RETURNING line_number
