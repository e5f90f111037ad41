//! Everything the catalog says about our schemas, as text to compare.

use diesel_async::AsyncPgConnection;

use crate::support::lines;

/// Objects in our schemas, and what migrations change outside of them. The record of migrations is left out.
const OBJECTS: &[&str] = &[
    "SELECT format('schema %s %s %s', n.nspname, n.nspacl, obj_description(n.oid)) AS line
     FROM pg_namespace n WHERE n.nspname !~ '^(pg_|information_schema)'",
    "SELECT format('database %s', (SELECT array_agg(a::text ORDER BY a::text)
       FROM unnest(coalesce(d.datacl, acldefault('d', d.datdba))) a)) AS line
     FROM pg_database d WHERE d.datname = current_database()",
    "SELECT format('extension %s %s', e.extname, e.extnamespace::regnamespace) AS line FROM pg_extension e",
    "SELECT format('defaults %s %s %s', d.defaclrole::regrole, d.defaclobjtype, d.defaclacl) AS line FROM pg_default_acl d",
    "SELECT format('relation %s %s owner=%s acl=%s rls=%s,%s options=%s bound=%s key=%s comment=%s', c.oid::regclass, c.relkind,
       c.relowner::regrole, c.relacl, c.relrowsecurity, c.relforcerowsecurity, c.reloptions, pg_get_expr(c.relpartbound, c.oid),
       pg_get_partkeydef(c.oid), obj_description(c.oid)) AS line
     FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'S', 'm') AND c.relnamespace::regnamespace::text ~ '$ours'",
    "SELECT format('column %s.%s %s not_null=%s default=%s acl=%s comment=%s', c.oid::regclass, a.attname,
       format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attacl,
       col_description(c.oid, a.attnum)) AS line
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relkind IN ('r', 'p', 'v') AND a.attnum > 0 AND NOT a.attisdropped AND c.relnamespace::regnamespace::text ~ '$ours'",
    "SELECT format('constraint %s %s %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid)) AS line
     FROM pg_constraint k WHERE k.connamespace::regnamespace::text ~ '$ours'",
    "SELECT format('index %s', pg_get_indexdef(i.indexrelid)) AS line
     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace::regnamespace::text ~ '$ours'",
    "SELECT format('policy %s %s permissive=%s cmd=%s roles=%s using=%s check=%s', p.polrelid::regclass, p.polname, p.polpermissive,
       p.polcmd, p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) AS line
     FROM pg_policy p",
    "SELECT format('trigger %s %s', t.tgenabled, pg_get_triggerdef(t.oid)) AS line FROM pg_trigger t WHERE NOT t.tgisinternal",
    "SELECT format('function %s owner=%s acl=%s comment=%s %s', p.oid::regprocedure, p.proowner::regrole, p.proacl,
       obj_description(p.oid), pg_get_functiondef(p.oid)) AS line
     FROM pg_proc p WHERE p.prokind = 'f' AND p.pronamespace::regnamespace::text ~ '$ours'
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')",
    "SELECT format('type %s', t.oid::regtype) AS line FROM pg_type t
     WHERE t.typtype IN ('e', 'd', 'r') AND t.typnamespace::regnamespace::text ~ '$ours'
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')",
];
const OURS: &str = "^(analytics|audit|claims|clinical|feed|ops|tenancy)$";

pub(crate) async fn dump(conn: &mut AsyncPgConnection) -> Vec<String> {
    let mut all = Vec::new();
    for query in OBJECTS {
        let mut found = lines(conn, &query.replace("$ours", OURS)).await;
        found.sort();
        all.extend(found);
    }
    all
}
