-- Numbers per practice and day, derived: a full rebuild gives the same.

GRANT USAGE ON SCHEMA analytics TO claims_app, claims_analytics;

CREATE TABLE analytics.practice_summaries (
  practice_id            uuid          NOT NULL,
  day                    date          NOT NULL,
  sessions_scheduled     integer       NOT NULL DEFAULT 0,
  sessions_completed     integer       NOT NULL DEFAULT 0,
  sessions_cancelled     integer       NOT NULL DEFAULT 0,
  claims_draft           integer       NOT NULL DEFAULT 0,
  claims_ready           integer       NOT NULL DEFAULT 0,
  claims_submitted       integer       NOT NULL DEFAULT 0,
  claims_paid            integer       NOT NULL DEFAULT 0,
  claims_denied          integer       NOT NULL DEFAULT 0,
  charged_amount         numeric(12,2) NOT NULL DEFAULT 0,
  paid_amount            numeric(12,2) NOT NULL DEFAULT 0,
  adjusted_amount        numeric(12,2) NOT NULL DEFAULT 0,
  patient_balance_amount numeric(12,2) NOT NULL DEFAULT 0,
  first_pass_claims      integer       NOT NULL DEFAULT 0,
  first_pass_accepted    integer       NOT NULL DEFAULT 0,
  adjudicated_claims     integer       NOT NULL DEFAULT 0,
  ar_days_total          bigint        NOT NULL DEFAULT 0,
  as_of_position         bigint        NOT NULL DEFAULT 0,
  refreshed_at           timestamptz   NOT NULL DEFAULT now(),
  CONSTRAINT practice_summaries_pkey PRIMARY KEY (practice_id, day),
  CONSTRAINT practice_summaries_practice_fkey FOREIGN KEY (practice_id) REFERENCES tenancy.practices (id)
);
COMMENT ON TABLE analytics.practice_summaries IS 'One row per practice and day of service: the sessions of that day and what has become of their claims. No PHI. Only counts and sums are stored, so that rates can be taken over any range.';
COMMENT ON COLUMN analytics.practice_summaries.day IS 'Session date, and service date of the claims.';
COMMENT ON COLUMN analytics.practice_summaries.claims_draft IS 'Claims with disposition active by status today.';
COMMENT ON COLUMN analytics.practice_summaries.patient_balance_amount IS 'Patient responsibility less what patients paid.';
COMMENT ON COLUMN analytics.practice_summaries.first_pass_claims IS 'Claims whose first attempt was answered; first_pass_accepted of them were not rejected.';
COMMENT ON COLUMN analytics.practice_summaries.adjudicated_claims IS 'Paid or denied; denial rate = claims_denied / adjudicated_claims.';
COMMENT ON COLUMN analytics.practice_summaries.ar_days_total IS 'Sum over adjudicated claims of the days from submission to decision; days in A/R = ar_days_total / adjudicated_claims.';
COMMENT ON COLUMN analytics.practice_summaries.as_of_position IS 'Feed position the row reflects.';
SELECT ops.protect('analytics.practice_summaries');
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics.practice_summaries TO claims_app;
GRANT SELECT ON analytics.practice_summaries TO claims_analytics;

CREATE TABLE analytics.watermarks (
  practice_id            uuid          NOT NULL,
  position               bigint        NOT NULL DEFAULT 0,
  updated_at             timestamptz   NOT NULL DEFAULT now(),
  CONSTRAINT watermarks_pkey PRIMARY KEY (practice_id),
  CONSTRAINT watermarks_practice_fkey FOREIGN KEY (practice_id) REFERENCES tenancy.practices (id)
);
COMMENT ON TABLE analytics.watermarks IS 'How far each practice''s summaries have followed the feed.';
COMMENT ON COLUMN analytics.watermarks.position IS 'Last feed position taken in.';
SELECT ops.protect('analytics.watermarks');
GRANT SELECT, INSERT, UPDATE ON analytics.watermarks TO claims_app;
GRANT SELECT ON analytics.watermarks TO claims_analytics;

-- one practice at a time for the read-only role too: the same condition, for reading
DO $$ BEGIN
  EXECUTE format('CREATE POLICY reader ON analytics.practice_summaries FOR SELECT TO claims_analytics USING (%s)', ops.tenant_condition('practice_id'));
  EXECUTE format('CREATE POLICY reader ON analytics.watermarks FOR SELECT TO claims_analytics USING (%s)', ops.tenant_condition('practice_id'));
END $$;
