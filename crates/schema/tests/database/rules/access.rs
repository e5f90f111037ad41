//! Rules 1 and 7: row-level security, and who may do what.

use super::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "1: a table has practice_id uuid NOT NULL, or is one of the listed global ones",
        violations: "
            SELECT name AS line FROM ours o
            WHERE relkind IN ('r', 'p') AND name NOT IN ('tenancy.practices',
                'tenancy.users', 'tenancy.service_accounts', 'tenancy.tokens', 'tenancy.one_time_tokens', 'tenancy.login_attempts',
                'tenancy.totp', 'tenancy.account_certificates', 'feed.subscriptions', 'feed.leases',
                'claims.payers', 'claims.payer_profiles', 'claims.trading_partners', 'claims.payer_routes', 'claims.reference_releases')
              AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = o.oid AND a.attname = 'practice_id'
                              AND a.atttypid = 'uuid'::regtype AND a.attnotnull)",
        bad: "CREATE TABLE clinical.bad (practice_id uuid, id uuid)",
        reports: "clinical.bad",
    },
    Rule {
        name: "1: row-level security is enabled and forced, on partitions too",
        violations: "
            SELECT name AS line FROM ours
            WHERE relkind IN ('r', 'p') AND (has_practice OR name = 'tenancy.practices')
              AND NOT (relrowsecurity AND relforcerowsecurity)",
        bad: "CREATE TABLE clinical.bad (practice_id uuid NOT NULL, id uuid, PRIMARY KEY (practice_id, id));
              ALTER TABLE clinical.bad ENABLE ROW LEVEL SECURITY",
        reports: "clinical.bad",
    },
    Rule {
        name: "1: the one policy of the application role is ops.protect's, for reading and writing alike",
        violations: "
            SELECT name AS line FROM tenant t
            WHERE (SELECT count(*) FROM pg_policy p WHERE p.polrelid = t.oid AND p.polroles && ARRAY['claims_app'::regrole::oid, 0]) <> 1
              OR NOT EXISTS (
                SELECT FROM pg_policy p
                WHERE p.polrelid = t.oid AND p.polname = 'tenant' AND p.polroles = ARRAY['claims_app'::regrole::oid] AND p.polcmd = '*'
                  AND pg_get_expr(p.polqual, p.polrelid) =
                    format('(%I = ( SELECT (current_setting(''app.practice_id''::text))::uuid AS current_setting))', t.key)
                  AND pg_get_expr(p.polwithcheck, p.polrelid) = pg_get_expr(p.polqual, p.polrelid))",
        bad: "CREATE POLICY lenient ON clinical.patients FOR SELECT TO claims_app USING (true)",
        reports: "clinical.patients",
    },
    Rule {
        name: "1: the setting is never read leniently",
        violations: "
            SELECT format('%s on %s', p.polname, p.polrelid::regclass) AS line FROM pg_policy p
            WHERE concat(pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) ~ 'current_setting\\([^)]*,'",
        bad: "CREATE POLICY lenient ON clinical.patients FOR SELECT TO claims_feed
                USING (practice_id = current_setting('app.practice_id', true)::uuid)",
        reports: "lenient on clinical.patients",
    },
    Rule {
        name: "1: no policy is restrictive",
        violations: "SELECT format('%s on %s', p.polname, p.polrelid::regclass) AS line FROM pg_policy p WHERE NOT p.polpermissive",
        bad: "CREATE POLICY narrow ON clinical.patients AS RESTRICTIVE TO claims_app USING (true)",
        reports: "narrow on clinical.patients",
    },
    Rule {
        name: "1: policies for other roles are the listed ones",
        violations: "
            SELECT line FROM (
              SELECT format('%s %s %s %s', p.polrelid::regclass, p.polname, p.polcmd, array_to_string(p.polroles::regrole[], ',')) AS line
              FROM pg_policy p WHERE p.polname <> 'tenant') others
            WHERE line NOT IN (
              'tenancy.practices access_functions r claims_owner', 'tenancy.memberships access_functions r claims_owner',
              'tenancy.service_grants access_functions * claims_owner', 'tenancy.break_glasses access_functions r claims_owner', 'claims.claim_numbers access_functions r claims_owner',
              'claims.interchanges access_functions r claims_owner',
              'feed.heads open_head a claims_owner', 'audit.heads open_head a claims_owner',
              'feed.heads consumer r claims_feed', 'feed.events consumer r claims_feed', 'feed.cursors consumer * claims_feed',
              'feed.cursors access_functions * claims_owner',
              'ops.requests purge d claims_owner', 'ops.requests purge_read r claims_owner',
              'audit.heads batcher r claims_audit', 'audit.heads batcher_advance w claims_audit', 'audit.entries batcher a claims_audit',
              'audit.heads archiver r claims_archiver', 'audit.entries archiver r claims_archiver', 'audit.checkpoints archiver * claims_archiver',
              'audit.archive_checks archiver r claims_archiver',
              'analytics.practice_summaries reader r claims_analytics', 'analytics.watermarks reader r claims_analytics')",
        bad: "CREATE POLICY peek ON clinical.patients FOR SELECT TO claims_feed USING (true)",
        reports: "clinical.patients peek r claims_feed",
    },
    Rule {
        name: "1: partitions have no policy and no grants: they are reached through their parent",
        violations: "
            SELECT name AS line FROM ours o WHERE relispartition AND (
              EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = o.oid)
              OR EXISTS (SELECT FROM aclexplode(o.relacl) a WHERE a.grantee <> o.relowner))",
        bad: "GRANT SELECT ON audit.entries_default TO claims_app",
        reports: "audit.entries_default",
    },
    Rule {
        name: "7: views are security_invoker",
        violations: "
            SELECT o.name AS line FROM ours o JOIN pg_class c ON c.oid = o.oid
            WHERE o.relkind = 'v' AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false) OR o.relkind = 'm'",
        bad: "CREATE VIEW clinical.bad AS SELECT * FROM clinical.patients",
        reports: "clinical.bad",
    },
    Rule {
        name: "7: functions pin their search_path",
        violations: "
            SELECT p.oid::regprocedure::text AS line FROM pg_proc p
            WHERE p.proowner = 'claims_owner'::regrole AND p.proconfig IS DISTINCT FROM ARRAY['search_path=pg_catalog, pg_temp']
              -- a body that was parsed when the function was made looks nothing up any more, and an aggregate has none
              AND p.prosqlbody IS NULL AND p.prokind <> 'a'
              -- these name all they use by schema; SET LOCAL must outlive the first, the second runs for every entry
              AND p.oid::regprocedure::text NOT IN ('tenancy.enter(uuid,integer)', 'audit.link_after(bytea,bytea,uuid,bigint,bytea,bytea)')",
        bad: "SET ROLE claims_owner; CREATE FUNCTION tenancy.bad() RETURNS int LANGUAGE sql SECURITY DEFINER
                SET search_path = tenancy AS 'SELECT 1'; RESET ROLE",
        reports: "tenancy.bad()",
    },
    Rule {
        name: "7: SECURITY DEFINER functions are the listed ones",
        violations: "
            SELECT p.oid::regprocedure::text AS line FROM pg_proc p
            WHERE p.prosecdef AND p.oid::regprocedure::text <> ALL (ARRAY[
              'audit.open_head()',
              'feed.open_head()',
              'ops.make_partitions(integer)',
              'ops.purge_requests(timestamp with time zone,integer)',
              'claims.claim_number_resolve(text,uuid,text,timestamp with time zone)',
              'claims.batch_resolve(uuid,uuid,timestamp with time zone)',
              'claims.interchange_resolve(integer,uuid,text,timestamp with time zone)',
              'claims.payee_resolve(text,text,uuid,text,timestamp with time zone)',
              'feed.subscription_seek(uuid,text,uuid[],bigint[],timestamp with time zone)',
              'tenancy.token_resolve(text)',
              'tenancy.credential_resolve(text)',
              'tenancy.certificates_of_account(uuid)',
              'tenancy.certificate_bind(uuid,bytea,text,timestamp with time zone)',
              'tenancy.certificate_unbind(uuid,bytea,timestamp with time zone)',
              'tenancy.token_touch(text,date,timestamp with time zone)',
              'tenancy.token_insert(text,bytea,text,uuid,uuid,timestamp with time zone,timestamp with time zone,timestamp with time zone)',
              'tenancy.token_revoke(text,timestamp with time zone)',
              'tenancy.token_end(text,timestamp with time zone)',
              'tenancy.tokens_revoke_of_user(uuid,timestamp with time zone)',
              'tenancy.tokens_in_practice(uuid,timestamp with time zone,text,integer)',
              'tenancy.user_by_email_for_login(text)',
              'tenancy.user_id_by_email(text)',
              'tenancy.memberships_of_user(uuid)',
              'tenancy.memberships_in_practice(uuid,boolean,uuid,integer)',
              'tenancy.break_glasses_of_user(uuid,timestamp with time zone)',
              'tenancy.practices_of_user(uuid,uuid,integer)',
              'tenancy.practices_of_account(uuid,timestamp with time zone,uuid,integer)',
              'tenancy.grants_of_account(uuid)',
              'tenancy.user_insert(uuid,text,text,text,text,text,boolean,timestamp with time zone,timestamp with time zone,timestamp with time zone)',
              'tenancy.user_update(uuid,bigint,text,text,text,text,boolean,boolean,timestamp with time zone,timestamp with time zone,timestamp with time zone)',
              'tenancy.user_get_in_practice(uuid)',
              'tenancy.user_profile(uuid)',
              'tenancy.user_set_password(uuid,text,timestamp with time zone)',
              'tenancy.users_in_practice(boolean,uuid,integer)',
              'tenancy.user_set_active_practice(uuid,uuid,timestamp with time zone)',
              'tenancy.service_account_insert(uuid,text,text,timestamp with time zone)',
              'tenancy.service_account_get(uuid)',
              'tenancy.service_account_lock(uuid)',
              'tenancy.grant_upsert(uuid,text[],timestamp with time zone,timestamp with time zone,timestamp with time zone)',
              'tenancy.service_accounts_in_practice(uuid,integer)',
              'tenancy.login_admit(bytea,bytea,bytea,timestamp with time zone,integer,integer,integer,integer,integer)',
              'tenancy.login_forgive(bytea,bytea,bytea,timestamp with time zone)',
              'tenancy.totp_enroll(uuid,bytea,timestamp with time zone)',
              'tenancy.totp_of_user(uuid)',
              'tenancy.totp_by_email_for_login(text)',
              'tenancy.totp_use(uuid,bytea,bigint,timestamp with time zone)',
              'tenancy.totp_remove(uuid)',
              'tenancy.totp_missing(text)',
              'tenancy.one_time_end(uuid,timestamp with time zone)',
              'tenancy.one_time_insert(text,bytea,text,uuid,timestamp with time zone,timestamp with time zone)',
              'tenancy.one_time_resolve(text)',
              'tenancy.one_time_redeem(text,bytea,text,timestamp with time zone)',
              'tenancy.user_change_password(uuid,text,text,text,timestamp with time zone)',
              'tenancy.service_account_set_active(uuid,boolean,timestamp with time zone)',
              'tenancy.grant_end(uuid,timestamp with time zone)'])",
        bad: "CREATE FUNCTION tenancy.bad() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT 1'",
        reports: "tenancy.bad()",
    },
    Rule {
        name: "7: PUBLIC has no right to anything of ours",
        violations: "
            SELECT name AS line FROM ours o WHERE EXISTS (SELECT FROM aclexplode(o.relacl) a WHERE a.grantee = 0)
            UNION ALL
            SELECT p.oid::regprocedure::text FROM pg_proc p
            WHERE p.proowner = 'claims_owner'::regrole
              AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)
            UNION ALL
            SELECT nspname FROM pg_namespace n
            WHERE nspname IN ('analytics', 'audit', 'claims', 'clinical', 'feed', 'ops', 'tenancy')
              AND EXISTS (SELECT FROM aclexplode(n.nspacl) a WHERE a.grantee = 0)",
        bad: "GRANT EXECUTE ON FUNCTION tenancy.user_by_email_for_login(text) TO PUBLIC",
        reports: "tenancy.user_by_email_for_login(text)",
    },
    Rule {
        name: "7: the roles that serve own nothing, belong to no role, and can't get around row-level security",
        violations: "
            SELECT rolname AS line FROM pg_roles r
            WHERE rolname IN ('claims_app', 'claims_feed', 'claims_audit', 'claims_analytics', 'claims_archiver') AND (
              rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication
              OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid)
              OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid) OR EXISTS (SELECT FROM pg_proc p WHERE p.proowner = r.oid)
              OR EXISTS (SELECT FROM pg_namespace n WHERE has_schema_privilege(r.oid, n.oid, 'CREATE')))",
        bad: "CREATE TABLE public.bad (id uuid); ALTER TABLE public.bad OWNER TO claims_app",
        reports: "claims_app",
    },
    Rule {
        name: "7: nobody may TRUNCATE, add triggers to or reference a table, and only lines and summaries are deleted",
        violations: "
            SELECT format('%s %s %s', o.name, a.grantee::regrole, a.privilege_type) AS line
            FROM ours o, aclexplode(o.relacl) a
            WHERE a.grantee <> o.relowner AND (a.is_grantable OR a.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER')
              OR a.privilege_type = 'DELETE' AND o.name NOT IN ('claims.claim_lines', 'analytics.practice_summaries'))",
        bad: "GRANT TRUNCATE ON clinical.sessions TO claims_app",
        reports: "clinical.sessions claims_app TRUNCATE",
    },
    Rule {
        name: "7: on audit.* the application only adds and reads entries and moves heads, and the archiver notes checkpoints",
        violations: "
            SELECT format('%s %s %s', o.name, a.grantee::regrole, a.privilege_type) AS line
            FROM ours o, aclexplode(o.relacl) a
            WHERE o.name LIKE 'audit.%' AND a.grantee <> o.relowner AND a.privilege_type <> 'SELECT'
              AND (o.name, a.privilege_type) <> ('audit.entries', 'INSERT')
              AND (o.name, a.privilege_type, a.grantee) <> ('audit.checkpoints', 'INSERT', 'claims_archiver'::regrole)",
        bad: "GRANT UPDATE ON audit.entries TO claims_app",
        reports: "audit.entries claims_app UPDATE",
    },
    Rule {
        name: "7: nobody has a right on the global tables of people and credentials",
        violations: "
            SELECT format('%s %s', o.name, a.grantee::regrole) AS line FROM ours o, aclexplode(o.relacl) a
            WHERE a.grantee <> o.relowner AND o.name IN ('tenancy.users', 'tenancy.user_profiles', 'tenancy.tokens', 'tenancy.one_time_tokens',
              'tenancy.login_attempts', 'tenancy.totp', 'tenancy.account_certificates',
              'tenancy.service_accounts', 'tenancy.service_grants')",
        bad: "GRANT SELECT ON tenancy.tokens TO claims_app",
        reports: "tenancy.tokens claims_app",
    },
];
