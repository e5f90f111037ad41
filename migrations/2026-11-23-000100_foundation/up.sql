-- Schemas, and the few functions every later migration uses. The text of the tenant policy lives here and
-- nowhere else.

-- Nobody may run a function that was not granted to them.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

DO $$ BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO claims_migrator, claims_app, claims_feed, claims_audit, claims_analytics, claims_archiver', current_database());
END $$;

CREATE SCHEMA ops;
COMMENT ON SCHEMA ops IS 'Machinery: policies, partitions, idempotency.';
CREATE SCHEMA tenancy;
COMMENT ON SCHEMA tenancy IS 'Practices, people, service accounts, credentials.';
CREATE SCHEMA clinical;
COMMENT ON SCHEMA clinical IS 'Therapists, patients, coverages, network statuses, sessions.';
CREATE SCHEMA claims;
COMMENT ON SCHEMA claims IS 'Claims, their way to the payer and back, money.';
CREATE SCHEMA feed;
COMMENT ON SCHEMA feed IS 'Events in commit order per practice, and who has read how far.';
CREATE SCHEMA audit;
COMMENT ON SCHEMA audit IS 'Who saw or changed what.';
CREATE SCHEMA analytics;
COMMENT ON SCHEMA analytics IS 'Numbers per practice and day, derived from the feed.';

-- Equality on uuid and text inside exclusion constraints.
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA ops;

CREATE FUNCTION ops.tenant_condition(key name) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$ SELECT format('%I = (SELECT current_setting(''app.practice_id'')::uuid)', key) $$;
COMMENT ON FUNCTION ops.tenant_condition(name) IS
  'The one text of every tenant policy. The sub-select makes it evaluated once per statement; the missing second argument of current_setting makes a forgotten tenancy.enter an error instead of an empty answer.';

CREATE FUNCTION ops.protect(target regclass, key name DEFAULT 'practice_id') RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  IF EXISTS (SELECT FROM pg_policy WHERE polrelid = target AND polname = 'tenant') THEN
    EXECUTE format('DROP POLICY tenant ON %s', target);
  END IF;
  EXECUTE format('CREATE POLICY tenant ON %s AS PERMISSIVE FOR ALL TO claims_app USING (%s) WITH CHECK (%s)',
                 target, ops.tenant_condition(key), ops.tenant_condition(key));
END $$;
COMMENT ON FUNCTION ops.protect(regclass, name) IS
  'Enables and forces row-level security and (re)creates the tenant policy for the application role. Every tenant table is protected by this call.';

CREATE FUNCTION ops.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION '% on %.% is refused: rows are only ever added', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;
COMMENT ON FUNCTION ops.refuse_change() IS 'Trigger of append-only tables. Old partitions leave by DETACH, never by DELETE.';

CREATE FUNCTION ops.append_only(target regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION ops.refuse_change()', target);
  EXECUTE format('CREATE TRIGGER append_only_table BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change()', target);
END $$;
COMMENT ON FUNCTION ops.append_only(regclass) IS
  'Refuses UPDATE, DELETE and TRUNCATE, to the owner too. Row triggers reach partitions by themselves; the TRUNCATE trigger does not, ops.guard_partition adds it.';

CREATE FUNCTION ops.guard_partition(part regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', part);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', part);
  EXECUTE format('CREATE TRIGGER append_only_table BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change()', part);
END $$;
COMMENT ON FUNCTION ops.guard_partition(regclass) IS
  'A partition has forced row-level security, no policy and no grants: it is reached through its parent or not at all.';

CREATE FUNCTION ops.make_partitions(months_ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  parent record;
  first_month date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
  month date;
  part text;
  made integer := 0;
BEGIN
  IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 60 THEN
    RAISE EXCEPTION 'months_ahead must be between 0 and 60' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- two servers starting at once take turns
  PERFORM pg_advisory_xact_lock(hashtext('ops.make_partitions'));
  FOR parent IN
    SELECT c.oid::regclass AS id, n.nspname AS space, c.relname AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_partitioned_table p ON p.partrelid = c.oid
    WHERE n.nspname IN ('audit', 'feed') AND p.partstrat = 'r'
    ORDER BY 2, 3
  LOOP
    FOR i IN 0..months_ahead LOOP
      month := first_month + make_interval(months => i);
      part := format('%s_%s', parent.name, to_char(month, 'YYYY_MM'));
      CONTINUE WHEN to_regclass(format('%I.%I', parent.space, part)) IS NOT NULL;
      BEGIN
        -- made beside the parent and then attached: ATTACH does not lock the parent against writers
        EXECUTE format('CREATE TABLE %I.%I (LIKE %s INCLUDING ALL)', parent.space, part, parent.id);
        EXECUTE format('ALTER TABLE %s ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)', parent.id, parent.space, part,
                       to_char(month, 'YYYY-MM-DD 00:00:00+00'), to_char(month + interval '1 month', 'YYYY-MM-DD 00:00:00+00'));
        PERFORM ops.guard_partition(format('%I.%I', parent.space, part)::regclass);
        made := made + 1;
      EXCEPTION WHEN check_violation THEN
        -- rows of that month already sit in the default partition; they are safe there and stay there
        RAISE WARNING 'partition %.% was not made: the default partition holds rows of that month', parent.space, part;
      END;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;
COMMENT ON FUNCTION ops.make_partitions(integer) IS
  'Makes the monthly partitions (UTC) of audit.entries and feed.events from this month to so many ahead; answers how many were made. Idempotent. SECURITY DEFINER: the server calls it at start-up with the application role, which may create nothing itself.';

GRANT USAGE ON SCHEMA ops TO claims_app, claims_archiver;
GRANT EXECUTE ON FUNCTION ops.make_partitions(integer) TO claims_app, claims_archiver;
