-- Searching the audit log: by who acted, by whose data it was, and for what is rare and asked for often.

-- CASE, since COALESCE counts as something that may leak: an index on it serves nobody under row-level security
CREATE INDEX entries_actor_idx ON audit.entries (practice_id, (CASE WHEN user_id IS NULL THEN account_id ELSE user_id END), position);
CREATE INDEX entries_break_glass_idx ON audit.entries (practice_id, position, break_glass_id) WHERE break_glass_id IS NOT NULL;
CREATE INDEX entries_rights_idx ON audit.entries (practice_id, position) WHERE action = 'permission_change';
CREATE INDEX entries_refused_idx ON audit.entries (practice_id, position) WHERE outcome <> 'allowed';
CREATE INDEX entries_patient_ids_idx ON audit.entries USING gin (patient_ids);

-- An index on an array serves no statement under row-level security, unless the policy itself asks for the patient: the
-- operator may leak what it compares. So the function says which patient, and the policy shows the owner nothing else,
-- and nothing at all when nobody is named.
CREATE POLICY patient_search ON audit.entries FOR SELECT TO claims_owner
  USING (practice_id = NULLIF(current_setting('audit_search.practice', true), '')::uuid
         AND patient_ids @> ARRAY[NULLIF(current_setting('audit_search.patient', true), '')::uuid]);

CREATE FUNCTION audit.patient_search(patient uuid, from_time timestamptz, to_time timestamptz)
RETURNS TABLE (found_position bigint, found_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 100
AS $$
BEGIN
  PERFORM set_config('audit_search.practice', current_setting('app.practice_id')::uuid::text, true),
          set_config('audit_search.patient', patient::text, true);
  -- planned for this patient and these months
  RETURN QUERY EXECUTE 'SELECT e.position, e.recorded_at FROM audit.entries e WHERE e.recorded_at >= $1 AND e.recorded_at < $2'
    USING from_time, to_time;
END $$;
COMMENT ON FUNCTION audit.patient_search(uuid, timestamptz, timestamptz) IS
  'Which entries of the current practice name a patient. SECURITY DEFINER: only the owner''s policy can use the index on patients.';
REVOKE ALL ON FUNCTION audit.patient_search(uuid, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.patient_search(uuid, timestamptz, timestamptz) TO claims_app;
