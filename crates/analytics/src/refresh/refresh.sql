-- $1 practice, $2 and $3 feed positions (exclusive, inclusive), $4 sessions changed since, $5 all days, $6 now
WITH touched AS (
  SELECT c.service_date AS day
  FROM feed.events e
  JOIN claims.claims c ON c.practice_id = $1 AND c.id = e.subject_id
  WHERE e.practice_id = $1 AND e.position > $2 AND e.position <= $3
  UNION
  SELECT session_date FROM clinical.sessions WHERE practice_id = $1 AND updated_at >= $4
  UNION
  SELECT day
  FROM (SELECT session_date AS day, count(*) AS booked FROM clinical.sessions
        WHERE practice_id = $1 AND status = 'scheduled' GROUP BY session_date) AS actual
  FULL JOIN (SELECT day, sessions_scheduled FROM analytics.practice_summaries
             WHERE practice_id = $1 AND sessions_scheduled > 0) AS counted USING (day)
  WHERE actual.booked IS DISTINCT FROM counted.sessions_scheduled
  UNION
  SELECT session_date FROM clinical.sessions WHERE practice_id = $1 AND $5
  UNION
  SELECT service_date FROM claims.claims WHERE practice_id = $1 AND $5
  UNION
  SELECT day FROM analytics.practice_summaries WHERE practice_id = $1 AND $5
), counted AS (
  -- LATERAL, so that each day is looked up by index however many days the practice has
  SELECT t.day, s.*, c.*
  FROM touched t
  CROSS JOIN LATERAL (
    SELECT count(*) AS sessions,
           count(*) FILTER (WHERE status = 'scheduled') AS scheduled,
           count(*) FILTER (WHERE status = 'completed') AS completed,
           count(*) FILTER (WHERE status = 'cancelled') AS cancelled
    FROM clinical.sessions
    WHERE practice_id = $1 AND session_date = t.day
  ) s
  CROSS JOIN LATERAL (
    -- counts and rates are of claims that count; money also of what was written off later
    SELECT count(*) AS claims,
           count(*) FILTER (WHERE c.disposition = 'active' AND c.status = 'draft') AS draft,
           count(*) FILTER (WHERE c.disposition = 'active' AND c.status = 'ready') AS ready,
           count(*) FILTER (WHERE c.disposition = 'active' AND c.status = 'submitted') AS submitted,
           count(*) FILTER (WHERE c.disposition = 'active' AND c.status = 'paid') AS paid,
           count(*) FILTER (WHERE c.disposition = 'active' AND c.status = 'denied') AS denied,
           -- a second payer is asked for the same charge, which is charged once
           sum(c.charge_amount) FILTER (WHERE c.has_money AND c.earlier = 0) AS charged_amount,
           sum(c.paid_amount) FILTER (WHERE c.has_money) AS paid_amount,
           sum(c.adjusted_amount - CASE WHEN c.is_decided THEN coalesce(c.settled_before, 0) ELSE 0 END)
             FILTER (WHERE c.has_money) AS adjusted_amount,
           -- the copay of the day pays the patient's share; what goes beyond it is nobody's debt
           sum(greatest(c.patient_responsibility_amount - c.copay_amount, 0))
             FILTER (WHERE c.disposition = 'active' AND c.decided_later = 0) AS balance_amount,
           count(f.was_rejected) FILTER (WHERE c.disposition = 'active') AS answered,
           count(*) FILTER (WHERE c.disposition = 'active' AND NOT f.was_rejected) AS accepted,
           sum(greatest((c.adjudicated_at AT TIME ZONE 'UTC')::date - (c.submitted_at AT TIME ZONE 'UTC')::date, 0))
             FILTER (WHERE c.disposition = 'active' AND c.is_decided) AS ar_days
    FROM (
      SELECT m.*,
             count(*) FILTER (WHERE m.has_money) OVER (payers GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier,
             -- what the payer before paid and took off: a later payer's adjustments repeat it
             max(m.charge_amount - m.patient_responsibility_amount) FILTER (WHERE m.has_money AND m.is_decided)
               OVER (payers GROUPS BETWEEN 1 PRECEDING AND 1 PRECEDING) AS settled_before,
             -- and its decision takes the place of the former one about what is the patient's
             count(*) FILTER (WHERE m.disposition = 'active' AND m.is_decided)
               OVER (payers GROUPS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS decided_later
      FROM (
        SELECT id, session_id, payer_sequence, disposition, status, charge_amount, paid_amount, adjusted_amount,
               patient_responsibility_amount, copay_amount, adjudicated_at, submitted_at,
               status IN ('paid', 'denied') AS is_decided,
               -- a replacement counts in the place of the claim that it replaces, not beside it
               disposition IN ('active', 'written_off') AND (replaces_claim_id IS NULL OR NOT EXISTS (
                 SELECT FROM claims.claims o
                 WHERE o.practice_id = $1 AND o.id = n.replaces_claim_id AND o.disposition = 'active')) AS has_money
        FROM claims.claims n
        WHERE practice_id = $1 AND service_date = t.day
      ) m
      -- primary, secondary, tertiary: as it happens, also the order of the words
      WINDOW payers AS (PARTITION BY m.session_id ORDER BY m.payer_sequence)
    ) c
    CROSS JOIN LATERAL (
      -- what became of the first attempt, NULL while unanswered; "received" alone is no answer, and what was only
      -- recorded came too late to be one
      SELECT bool_or(k.kind = 'rejected') AS was_rejected
      FROM claims.submissions a
      JOIN claims.acknowledgments k ON k.practice_id = $1 AND k.claim_id = c.id AND k.submission_id = a.id
      WHERE a.practice_id = $1 AND a.claim_id = c.id AND a.attempt = 1
        AND k.kind IN ('accepted', 'pended', 'rejected', 'paid', 'denied') AND k.outcome = 'applied'
    ) f
  ) c
), gone AS (
  DELETE FROM analytics.practice_summaries
  WHERE practice_id = $1 AND day IN (SELECT day FROM counted WHERE sessions = 0 AND claims = 0)
), mark AS (
  UPDATE analytics.watermarks SET position = greatest(position, $3), updated_at = greatest(updated_at, $6)
  WHERE practice_id = $1
)
INSERT INTO analytics.practice_summaries AS p (
  practice_id, day, sessions_scheduled, sessions_completed, sessions_cancelled,
  claims_draft, claims_ready, claims_submitted, claims_paid, claims_denied,
  charged_amount, paid_amount, adjusted_amount, patient_balance_amount,
  first_pass_claims, first_pass_accepted, adjudicated_claims, ar_days_total, as_of_position, refreshed_at)
SELECT $1, day, scheduled, completed, cancelled, draft, ready, submitted, paid, denied,
       coalesce(charged_amount, 0), coalesce(paid_amount, 0), coalesce(adjusted_amount, 0), coalesce(balance_amount, 0),
       answered, accepted, paid + denied, coalesce(ar_days, 0), $3, $6
FROM counted
WHERE sessions > 0 OR claims > 0
ON CONFLICT (practice_id, day) DO UPDATE
SET sessions_scheduled = excluded.sessions_scheduled, sessions_completed = excluded.sessions_completed,
    sessions_cancelled = excluded.sessions_cancelled, claims_draft = excluded.claims_draft, claims_ready = excluded.claims_ready,
    claims_submitted = excluded.claims_submitted, claims_paid = excluded.claims_paid, claims_denied = excluded.claims_denied,
    charged_amount = excluded.charged_amount, paid_amount = excluded.paid_amount, adjusted_amount = excluded.adjusted_amount,
    patient_balance_amount = excluded.patient_balance_amount, first_pass_claims = excluded.first_pass_claims,
    first_pass_accepted = excluded.first_pass_accepted, adjudicated_claims = excluded.adjudicated_claims,
    ar_days_total = excluded.ar_days_total, as_of_position = excluded.as_of_position, refreshed_at = excluded.refreshed_at
-- a day that was counted for nothing is not written again
WHERE (p.sessions_scheduled, p.sessions_completed, p.sessions_cancelled, p.claims_draft, p.claims_ready, p.claims_submitted,
       p.claims_paid, p.claims_denied, p.charged_amount, p.paid_amount, p.adjusted_amount, p.patient_balance_amount,
       p.first_pass_claims, p.first_pass_accepted, p.adjudicated_claims, p.ar_days_total)
  IS DISTINCT FROM
      (excluded.sessions_scheduled, excluded.sessions_completed, excluded.sessions_cancelled, excluded.claims_draft,
       excluded.claims_ready, excluded.claims_submitted, excluded.claims_paid, excluded.claims_denied, excluded.charged_amount,
       excluded.paid_amount, excluded.adjusted_amount, excluded.patient_balance_amount, excluded.first_pass_claims,
       excluded.first_pass_accepted, excluded.adjudicated_claims, excluded.ar_days_total)
