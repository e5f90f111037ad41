//! The list of migrations is the folder, and each file is made of whole statements.

use std::collections::BTreeSet;
use std::path::Path;

use super::split::statements;
use super::{MIGRATIONS, NO_TRANSACTION};

#[test]
fn every_folder_is_listed_oldest_first() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let folders: BTreeSet<String> =
        folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let listed: Vec<&str> = MIGRATIONS.iter().map(|migration| migration.name).collect();
    assert_eq!(listed, folders.iter().collect::<Vec<_>>());
}

#[test]
fn versions_are_unique() {
    let versions: BTreeSet<String> = MIGRATIONS.iter().map(super::Migration::version).collect();
    assert_eq!(versions.len(), MIGRATIONS.len());
    assert!(versions.contains("20261123000100"));
}

#[test]
fn statements_begin_with_a_command() {
    let commands = ["ALTER", "COMMENT", "CREATE", "DO", "DROP", "GRANT", "INSERT", "REVOKE", "SELECT"];
    for migration in MIGRATIONS {
        for sql in [migration.up, migration.down] {
            assert!(!statements(sql).is_empty(), "{} has an empty file", migration.name);
            for statement in statements(sql) {
                let first = statement.text.split_whitespace().next().unwrap();
                assert!(commands.contains(&first), "{} line {}: {first}", migration.name, statement.line);
            }
            assert!(!sql.contains(NO_TRANSACTION) || sql.starts_with(NO_TRANSACTION));
        }
    }
}
