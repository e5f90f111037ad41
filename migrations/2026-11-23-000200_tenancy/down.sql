DROP TABLE tenancy.tokens;
DROP TABLE tenancy.service_grants;
DROP TABLE tenancy.service_accounts;
DROP TABLE tenancy.memberships;
DROP VIEW tenancy.user_profiles;
DROP TABLE tenancy.users;
DROP TABLE tenancy.practices;
DROP FUNCTION tenancy.enter(uuid, integer);
REVOKE USAGE ON SCHEMA tenancy FROM claims_app, claims_feed, claims_audit, claims_analytics;
