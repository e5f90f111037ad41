-- What the practice summaries ask of sessions: which ones changed lately, and which are booked.

CREATE INDEX sessions_updated_idx ON clinical.sessions (practice_id, updated_at);
CREATE INDEX sessions_scheduled_idx ON clinical.sessions (practice_id, session_date) WHERE status = 'scheduled';
