DROP TABLE audit.entries;
DROP TRIGGER practices_open_audit ON tenancy.practices;
DROP TABLE audit.heads;
DROP FUNCTION audit.open_head();
REVOKE USAGE ON SCHEMA audit FROM claims_app, claims_audit;
