DROP INDEX audit.entries_patients_idx;
DROP INDEX audit.entries_patient_idx;
DROP INDEX audit.entries_refused_idx;
DROP INDEX audit.entries_rights_idx;
DROP INDEX audit.entries_break_glass_idx;
DROP INDEX audit.entries_actor_idx;
