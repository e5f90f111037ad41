DROP INDEX clinical.sessions_scheduled_idx;
DROP INDEX clinical.sessions_updated_idx;
