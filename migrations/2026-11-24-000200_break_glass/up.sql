-- Break-glass: a therapist reads one patient of others for at most an hour, and an admin looks at why.

CREATE TABLE tenancy.break_glasses (
  practice_id uuid        NOT NULL,
  id          uuid        NOT NULL,
  user_id     uuid        NOT NULL,
  patient_id  uuid        NOT NULL,
  reason      text        NOT NULL,
  opened_at   timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL,
  closed_at   timestamptz,
  verdict     text,
  review_note text,
  reviewed_by uuid,
  reviewed_at timestamptz,
  version     bigint      NOT NULL DEFAULT 1,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT break_glasses_pkey PRIMARY KEY (practice_id, id),
  CONSTRAINT break_glasses_practice_fkey FOREIGN KEY (practice_id) REFERENCES tenancy.practices (id),
  CONSTRAINT break_glasses_user_fkey FOREIGN KEY (user_id) REFERENCES tenancy.users (id),
  CONSTRAINT break_glasses_patient_fkey FOREIGN KEY (practice_id, patient_id) REFERENCES clinical.patients (practice_id, id),
  CONSTRAINT break_glasses_reviewed_by_fkey FOREIGN KEY (reviewed_by) REFERENCES tenancy.users (id),
  CONSTRAINT break_glasses_expiry_check CHECK (expires_at > opened_at AND expires_at <= opened_at + interval '60 minutes'),
  CONSTRAINT break_glasses_closed_check CHECK (closed_at IS NULL OR closed_at >= opened_at),
  CONSTRAINT break_glasses_verdict_check CHECK (verdict IN ('justified', 'not_justified')),
  CONSTRAINT break_glasses_review_check CHECK (num_nonnulls(verdict, reviewed_by, reviewed_at) IN (0, 3)),
  CONSTRAINT break_glasses_reviewer_check CHECK (reviewed_by IS NULL OR reviewed_by <> user_id)
);
CREATE INDEX break_glasses_unreviewed_idx ON tenancy.break_glasses (practice_id, id) WHERE reviewed_at IS NULL;
COMMENT ON TABLE tenancy.break_glasses IS 'Emergencies: who opened which patient of others, why, until when, and what the review said. Never deleted.';
COMMENT ON COLUMN tenancy.break_glasses.reason IS 'In the words of who opened it; may speak of the patient, so it is PHI.';
COMMENT ON COLUMN tenancy.break_glasses.expires_at IS 'Exclusive end of the access, at most an hour after its beginning.';
COMMENT ON COLUMN tenancy.break_glasses.closed_at IS 'When it was closed by hand; empty when it ran out.';
COMMENT ON COLUMN tenancy.break_glasses.verdict IS 'Of the review: justified, not_justified.';
COMMENT ON COLUMN tenancy.break_glasses.version IS 'Counts updates; the etag.';
SELECT ops.protect('tenancy.break_glasses');
GRANT SELECT, INSERT, UPDATE ON tenancy.break_glasses TO claims_app;
-- serves the function that resolves a person; not a tenant path
CREATE INDEX break_glasses_user_idx ON tenancy.break_glasses (user_id, expires_at) WHERE closed_at IS NULL;
CREATE POLICY access_functions ON tenancy.break_glasses FOR SELECT TO claims_owner USING (true);

CREATE FUNCTION tenancy.break_glasses_of_user(p_user_id uuid, p_now timestamptz)
RETURNS TABLE (id uuid, practice_id uuid, patient_id uuid, expires_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT b.id, b.practice_id, b.patient_id, b.expires_at FROM tenancy.break_glasses b
    WHERE b.user_id = p_user_id AND b.closed_at IS NULL AND b.expires_at > p_now;
END $$;
COMMENT ON FUNCTION tenancy.break_glasses_of_user(uuid, timestamptz) IS 'What a person may read in an emergency, in all practices: part of resolving a token.';
GRANT EXECUTE ON FUNCTION tenancy.break_glasses_of_user(uuid, timestamptz) TO claims_app;
