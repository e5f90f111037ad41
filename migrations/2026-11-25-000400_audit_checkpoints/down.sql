DROP POLICY archiver ON audit.heads;
DROP POLICY archiver ON audit.entries;
REVOKE SELECT ON audit.entries, audit.heads FROM claims_archiver;
REVOKE USAGE ON SCHEMA audit FROM claims_archiver;
DROP TABLE audit.checkpoints;
