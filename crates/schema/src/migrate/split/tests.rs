//! What must not end a statement, and what must.

use super::statements;

fn texts(sql: &str) -> Vec<&str> {
    statements(sql).into_iter().map(|statement| statement.text).collect()
}

#[test]
fn semicolons_end_statements_and_the_last_one_needs_none() {
    assert_eq!(texts("SELECT 1; SELECT 2 ;\nSELECT 3"), ["SELECT 1", "SELECT 2", "SELECT 3"]);
}

#[test]
fn blanks_comments_and_lone_semicolons_are_no_statements() {
    assert_eq!(texts(""), [""; 0]);
    assert_eq!(texts(" ;; -- nothing\n /* ; */ ;"), [""; 0]);
    assert_eq!(texts("-- a; b\nSELECT 1 -- c; d\n;"), ["SELECT 1 -- c; d"]);
    assert_eq!(texts("SELECT 1; -- no newline at the end"), ["SELECT 1"]);
}

#[test]
fn comments_nest() {
    assert_eq!(texts("SELECT /* a /* ; */ ; */ 1; SELECT 2"), ["SELECT /* a /* ; */ ; */ 1", "SELECT 2"]);
}

#[test]
fn strings_and_quoted_identifiers_hold_semicolons() {
    assert_eq!(texts("SELECT 'a;''b;', \"c;\"\"d;\"; SELECT 2"), ["SELECT 'a;''b;', \"c;\"\"d;\"", "SELECT 2"]);
    assert_eq!(texts("SELECT '--', '/*'; SELECT '$$'; SELECT 3"), ["SELECT '--', '/*'", "SELECT '$$'", "SELECT 3"]);
}

#[test]
fn a_backslash_escapes_only_in_e_strings() {
    assert_eq!(texts(r"SELECT '\'; SELECT 2"), [r"SELECT '\'", "SELECT 2"]);
    assert_eq!(texts(r"SELECT E'\';', e'\\'; SELECT 2"), [r"SELECT E'\';', e'\\'", "SELECT 2"]);
    assert_eq!(texts(r"SELECT type'\'; SELECT 2"), [r"SELECT type'\'", "SELECT 2"]);
}

#[test]
fn dollar_quotes_end_at_their_own_tag() {
    assert_eq!(texts("DO $$ a; $b$ ; $$; SELECT 2"), ["DO $$ a; $b$ ; $$", "SELECT 2"]);
    assert_eq!(texts("DO $x$ a; $$ ; $y$ ' $x$; SELECT 2"), ["DO $x$ a; $$ ; $y$ ' $x$", "SELECT 2"]);
}

#[test]
fn parameters_and_dollars_in_names_quote_nothing() {
    assert_eq!(texts("SELECT $1; SELECT $2"), ["SELECT $1", "SELECT $2"]);
    assert_eq!(texts("SELECT a$b$; SELECT c$b$"), ["SELECT a$b$", "SELECT c$b$"]);
}

#[test]
fn parentheses_keep_their_semicolons() {
    let rule = "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)";
    assert_eq!(texts(&format!("{rule}; SELECT 3")), [rule, "SELECT 3"]);
}

#[test]
fn what_is_not_ended_reaches_to_the_end() {
    assert_eq!(texts("SELECT 'a; SELECT 2"), ["SELECT 'a; SELECT 2"]);
    assert_eq!(texts("DO $$ a; b"), ["DO $$ a; b"]);
    assert_eq!(texts("SELECT 1 /* ; "), ["SELECT 1 /* ;"]);
}

#[test]
fn a_statement_knows_its_line() {
    let lines: Vec<usize> =
        statements("-- one\n\nSELECT 1;\n/* two\n */ SELECT\n2; SELECT 3").iter().map(|s| s.line).collect();
    assert_eq!(lines, [3, 5, 6]);
}

#[test]
fn letters_beyond_ascii_are_whole() {
    assert_eq!(texts("SELECT 'é;ß' AS größe; COMMENT é"), ["SELECT 'é;ß' AS größe", "COMMENT é"]);
}
