-- Searching the audit log: by who acted, by whose data it was, and for what is rare and asked for often.

-- CASE, since COALESCE counts as something that may leak: an index on it serves nobody under row-level security
CREATE INDEX entries_actor_idx ON audit.entries (practice_id, (CASE WHEN user_id IS NULL THEN account_id ELSE user_id END), position);
CREATE INDEX entries_break_glass_idx ON audit.entries (practice_id, position, break_glass_id) WHERE break_glass_id IS NOT NULL;
CREATE INDEX entries_rights_idx ON audit.entries (practice_id, position) WHERE action = 'permission_change';
CREATE INDEX entries_refused_idx ON audit.entries (practice_id, position) WHERE outcome <> 'allowed';

-- Most entries are of one patient and found by it. Those of several are few; they are walked, in the months asked for. A GIN
-- index on the list would find both, but cost every read a third more, and row-level security lets no statement use it.
CREATE INDEX entries_patient_idx ON audit.entries (practice_id, (patient_ids[1]), position);
CREATE INDEX entries_patients_idx ON audit.entries (practice_id, position) WHERE patient_ids[2] IS NOT NULL;
