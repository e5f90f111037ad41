DROP FUNCTION ops.make_partitions(integer);
DROP FUNCTION ops.guard_partition(regclass);
DROP FUNCTION ops.append_only(regclass);
DROP FUNCTION ops.refuse_change();
DROP FUNCTION ops.protect(regclass, name);
DROP FUNCTION ops.tenant_condition(name);
DROP EXTENSION IF EXISTS btree_gist;
DROP SCHEMA analytics;
DROP SCHEMA audit;
DROP SCHEMA feed;
DROP SCHEMA claims;
DROP SCHEMA clinical;
DROP SCHEMA tenancy;
DROP SCHEMA ops;

DO $$ BEGIN
  EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM claims_migrator, claims_app, claims_feed, claims_audit, claims_analytics, claims_archiver', current_database());
  EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO PUBLIC', current_database());
END $$;

ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
