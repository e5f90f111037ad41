DROP FUNCTION ops.purge_requests(timestamptz, integer);
DROP POLICY purge ON ops.requests;
DROP POLICY purge_read ON ops.requests;
DROP INDEX ops.requests_created_at_idx;
