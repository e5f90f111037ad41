\set g :first + :client_id + :i * :clients
\set i :i + 1
{place}
\set patients_here case when :p = 100001 then :patients_of_first else :patients_of_each end
\set therapists_here case when :p = 100001 then :therapists_of_first else :therapists_of_each end
\set patient mod(:k, :patients_here)
\set t 100000000000 + mod(:patient, :therapists_here)
\set u 100000000000 + :patient
\set n 100000000000 + :k
\set m 100000 + :k
BEGIN;
SELECT tenancy.enter({practice}, 10000);
SELECT * FROM tenancy.token_resolve({key});
SELECT * FROM tenancy.memberships_of_user({user});
SELECT s.*, t.*, p.*, c.*
FROM clinical.sessions s
JOIN clinical.therapists t ON t.practice_id = s.practice_id AND t.id = s.therapist_id
JOIN tenancy.practices p ON p.id = s.practice_id
JOIN clinical.patients c ON c.practice_id = s.practice_id AND c.id = s.patient_id
WHERE s.practice_id = {practice} AND s.id = {07}
FOR NO KEY UPDATE OF s;
SELECT * FROM clinical.coverages
WHERE practice_id = {practice} AND patient_id = {patient} AND sequence = 'primary'
  AND effective_from <= current_date AND (effective_to IS NULL OR effective_to >= current_date);
SELECT * FROM clinical.network_statuses
WHERE practice_id = {practice} AND therapist_id = {therapist} AND payer_id = '99901'
  AND effective_from <= current_date AND (effective_to IS NULL OR effective_to >= current_date);
SELECT o.id, o.session_date, o.cpt_code FROM clinical.sessions s
JOIN clinical.sessions o ON o.practice_id = s.practice_id AND o.patient_id = s.patient_id AND o.session_date <= s.session_date
                        AND o.session_date >= CASE WHEN s.cpt_code IN ('90791', '90792') THEN '1900-01-01' ELSE s.session_date END
WHERE s.practice_id = {practice} AND s.id = {07} AND o.id <> s.id AND o.status = 'completed'
  AND (o.session_date = s.session_date AND o.therapist_id = s.therapist_id
       OR o.session_date < s.session_date AND o.cpt_code IN ('90791', '90792'))
  AND NOT o.self_pay AND NOT o.disclosure_restricted;
UPDATE clinical.sessions
SET status = 'completed', completed_at = now(), version = version + 1, updated_at = now()
WHERE practice_id = {practice} AND id = {07} AND version = 1;
INSERT INTO claims.claims (practice_id, id, claim_number, session_id, patient_id, therapist_id, coverage_id, payer_id, status, payer_state,
                           service_date, diagnosis_codes, charge_amount, copay_amount, filing_deadline, rule_set_version)
VALUES ({practice}, {08}, {number}, {07}, {patient}, {therapist}, {coverage}, '99901', 'draft', 'none',
        current_date, '["F41.1", "F43.10"]', 150.00, 20.00, current_date, 'bench');
INSERT INTO claims.claim_lines (practice_id, claim_id, line_number, cpt_code, charge_amount, place_of_service, diagnosis_pointers,
                                service_date, duration_minutes)
VALUES ({practice}, {08}, 1, '90834', 150.00, '11', '[1, 2]', current_date, 45);
INSERT INTO claims.claim_numbers (claim_number, practice_id, claim_id) VALUES ({number}, {practice}, {08});
{audit}
{feed}
COMMIT;
