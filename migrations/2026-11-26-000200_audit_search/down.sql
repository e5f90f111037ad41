DROP FUNCTION audit.patient_search(uuid, timestamptz, timestamptz);
DROP POLICY patient_search ON audit.entries;
DROP INDEX audit.entries_patient_ids_idx;
DROP INDEX audit.entries_refused_idx;
DROP INDEX audit.entries_rights_idx;
DROP INDEX audit.entries_break_glass_idx;
DROP INDEX audit.entries_actor_idx;
