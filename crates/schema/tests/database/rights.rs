//! Who may do what, object by object, as a page that reviewers read. It may only change on purpose.

use std::fmt::Write;

use crate::support::{Database, lines};

const ROLES: [&str; 5] = ["claims_app", "claims_feed", "claims_audit", "claims_analytics", "claims_archiver"];

/// Tables with rights on the whole or on columns, schemas, functions.
const RIGHTS: &str = "
    SELECT line FROM (
      SELECT 1 AS part, n.nspname::text AS name, format('schema %s: %s', n.nspname, string_agg(lower(a.privilege_type), ' ' ORDER BY 1)) AS line
      FROM pg_namespace n, aclexplode(n.nspacl) a WHERE a.grantee = '$role'::regrole GROUP BY n.nspname
      UNION ALL
      SELECT 2, name, format('%s: %s', name, string_agg(privilege, ', ' ORDER BY rank))
      FROM (
        SELECT c.oid::regclass::text AS name, lower(a.privilege_type) AS privilege,
          array_position(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'], a.privilege_type) AS rank
        FROM pg_class c, aclexplode(c.relacl) a WHERE a.grantee = '$role'::regrole AND a.grantee <> c.relowner
        UNION ALL
        SELECT c.oid::regclass::text, format('%s (%s)', lower(x.privilege_type), string_agg(a.attname, ', ' ORDER BY a.attnum)), 9
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) x
        WHERE x.grantee = '$role'::regrole GROUP BY c.oid, x.privilege_type
      ) privileges GROUP BY name
      UNION ALL
      SELECT 3, p.oid::regprocedure::text, p.oid::regprocedure::text
      FROM pg_proc p, aclexplode(p.proacl) a WHERE a.grantee = '$role'::regrole AND p.proowner = 'claims_owner'::regrole
    ) all_rights ORDER BY part, name COLLATE \"C\"";

#[tokio::test]
async fn the_rights_of_every_serving_role_are_these() {
    let mut conn = Database::migrated().await.connect("postgres").await;
    let mut page = String::new();
    for role in ROLES {
        writeln!(page, "{role}").unwrap();
        for right in lines(&mut conn, &RIGHTS.replace("$role", role)).await {
            writeln!(page, "  {right}").unwrap();
        }
    }
    insta::assert_snapshot!(page);
}
