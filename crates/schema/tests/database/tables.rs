//! `schema::tables` equals the database: the modules are made from the catalog and compared, or written anew.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::support::{Database, lines};

const SCHEMAS: [&str; 7] = ["analytics", "audit", "claims", "clinical", "feed", "ops", "tenancy"];

/// One line per column: table, column, type, nullable, primary key.
const COLUMNS: &str = "
    SELECT concat_ws('|', c.relname, a.attname, format_type(a.atttypid, NULL), NOT a.attnotnull,
      (SELECT string_agg(k.attname, ', ' ORDER BY array_position(i.indkey::int2[], k.attnum))
       FROM pg_index i JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = ANY (i.indkey::int2[])
       WHERE i.indrelid = c.oid AND i.indisprimary)) AS line
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = '$schema'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname COLLATE \"C\", a.attnum";

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the environment says whether to write")]
async fn the_table_modules_are_what_the_migrations_make() {
    let write = std::env::var_os("UPDATE_TABLES").is_some();
    let mut conn = Database::migrated().await.connect("postgres").await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tables");
    for schema in SCHEMAS {
        let columns = lines(&mut conn, &COLUMNS.replace("$schema", schema)).await;
        let expected = module(schema, &columns);
        let file = folder.join(format!("{schema}.rs"));
        if write {
            fs::write(&file, &expected).unwrap();
        }
        let found = fs::read_to_string(&file).unwrap();
        assert!(found == expected, "{schema}.rs differs from the database; it should be\n{expected}");
    }
}

#[tokio::test]
async fn every_table_is_in_a_schema_with_a_module() {
    let mut conn = Database::migrated().await.connect("postgres").await;
    let schemas = lines(
        &mut conn,
        "SELECT DISTINCT n.nspname::text AS line FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'public') ORDER BY 1",
    )
    .await;
    assert_eq!(schemas, SCHEMAS);
}

fn module(schema: &str, columns: &[String]) -> String {
    let mut text =
        format!("//! Tables of the PostgreSQL schema `{schema}`. Written by the test `database`; don't edit.\n");
    let columns: Vec<[&str; 5]> =
        columns.iter().map(|line| line.split('|').collect::<Vec<_>>().try_into().unwrap()).collect();
    for table in columns.chunk_by(|a, b| a[0] == b[0]) {
        let [name, .., key] = table[0];
        write!(text, "\ndiesel::table! {{\n    {schema}.{name} ({key}) {{\n").unwrap();
        for [_, column, sql_type, nullable, _] in table {
            let plain = diesel_type(sql_type);
            let full = if *nullable == "t" { format!("Nullable<{plain}>") } else { plain.to_owned() };
            match *column {
                "type" => writeln!(text, "        #[sql_name = \"type\"]\n        type_ -> {full},").unwrap(),
                column => writeln!(text, "        {column} -> {full},").unwrap(),
            }
        }
        text.push_str("    }\n}\n");
    }
    text
}

/// Only plain types: closed sets are text, money is numeric.
fn diesel_type(sql_type: &str) -> &'static str {
    match sql_type {
        "uuid" => "Uuid",
        "text" => "Text",
        "date" => "Date",
        "timestamp with time zone" => "Timestamptz",
        "numeric" => "Numeric",
        "jsonb" => "Jsonb",
        "boolean" => "Bool",
        "bytea" => "Bytea",
        "integer" => "Int4",
        "bigint" => "Int8",
        "text[]" => "Array<Text>",
        "uuid[]" => "Array<Uuid>",
        other => panic!("{other} is no type of ours"),
    }
}
