//! `claimsd reference`.

use std::path::Path;
use std::process::ExitCode;

use claims::rules::{self, Standing};
use claims::snapshot::convert::hex;
use schema::reference::{Loaded, Release};
use serde_json::{Value, json};

use super::Ended;
use crate::config::{Reference, ReferenceAction};
use crate::console::{note, say, table};
use crate::import::Output;
use crate::reference::{File, Kind, Outcome};

/// Bytes of a file at most: a few times the longest list that there is.
const FILE_MAX: u64 = 256 << 20;

/// From so many bytes on it is told how things go.
const LARGE: usize = 1 << 20;

/// # Errors
/// Names every mistake in the file; nothing was loaded then.
pub async fn run(args: Reference) -> Ended {
    match args.action {
        ReferenceAction::Load { kind, file, release, valid_from, database_url, output } => {
            let text = read(&file)?;
            if text.len() >= LARGE {
                note(&format!("checking and storing {} lines", text.lines().count()));
            }
            let file = File { name: release.as_deref(), text: &text, valid_from };
            show(kind, kind.load(&database_url, file).await?, output);
        }
        ReferenceAction::List { database_url, output } => {
            let releases = schema::reference::releases(&database_url).await?;
            list(&releases, output);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> Result<String, String> {
    let told = |e: std::io::Error| format!("can't read {}: {e}", file.display());
    if std::fs::metadata(file).map_err(told)?.len() > FILE_MAX {
        return Err(format!("{} is larger than {} MB", file.display(), FILE_MAX >> 20));
    }
    std::fs::read_to_string(file).map_err(told)
}

fn show(kind: Kind, outcome: Outcome, output: Output) {
    match (outcome, output) {
        (Outcome::Rows(Loaded { new, changed, unchanged }), Output::Json) => {
            say(&json!({"new": new, "changed": changed, "unchanged": unchanged}).to_string());
        }
        (Outcome::Rows(Loaded { new, changed, unchanged }), Output::Table) => {
            table(["new", "changed", "unchanged"], [[new, changed, unchanged].map(|n| n.to_string())]);
        }
        (Outcome::Table { id, name, rows, sha256, is_new }, Output::Json) => {
            let told = json!({"id": id, "kind": kind.as_str(), "release": name, "rows": rows, "sha256": sha256, "new": is_new});
            say(&told.to_string());
        }
        (Outcome::Table { id, name, rows, sha256: _, is_new }, Output::Table) => {
            let what = if is_new { "loaded" } else { "there already" };
            table(["id", "release", "rows", ""], [[id.to_string(), name, rows.to_string(), what.to_owned()]]);
        }
    }
}

/// The releases, oldest first, and the rules that want more of them.
fn list(releases: &[Release], output: Output) {
    let has = |kind: claims::codes::Kind| releases.iter().any(|release| release.kind == kind.as_str());
    let entries: Vec<_> = rules::catalogue(has).map(|entry| (entry, standing(entry.standing))).collect();
    match output {
        Output::Json => {
            let releases: Vec<Value> = releases.iter().map(release).collect();
            let rules: Vec<Value> = entries
                .iter()
                .map(|(entry, (active, needs))| {
                    json!({"number": entry.number, "code": entry.code, "severity": entry.severity.as_str(),
                           "active": active, "needs": needs})
                })
                .collect();
            let version = rules::RULE_SET_VERSION;
            say(&json!({"rule_set": version, "releases": releases, "rules": rules}).to_string());
        }
        Output::Table => {
            table(
                ["id", "kind", "release", "valid from", "rows", "loaded at"],
                releases.iter().map(|r| {
                    let from = r.valid_from.map(|day| day.to_string()).unwrap_or_default();
                    [
                        r.id.to_string(),
                        r.kind.clone(),
                        r.name.clone(),
                        from,
                        r.row_count.to_string(),
                        r.loaded_at.to_rfc3339(),
                    ]
                }),
            );
            let wanting = entries.iter().filter(|(_, (_, needs))| !needs.is_empty());
            table(
                ["rule", "code", "state", "needs"],
                wanting.map(|(entry, (active, needs))| {
                    let state = if *active { "partly at work" } else { "off" };
                    [entry.number.to_string(), entry.code.to_owned(), state.to_owned(), needs.clone()]
                }),
            );
        }
    }
}

fn release(release: &Release) -> Value {
    let Release { id, kind, name, valid_from, row_count, file_hash, loaded_at } = release;
    json!({"id": id, "kind": kind, "release": name, "valid_from": valid_from.map(|day| day.to_string()),
           "rows": row_count, "sha256": hex(file_hash), "loaded_at": loaded_at.to_rfc3339()})
}

/// Whether the rule finds anything, and what it lacks.
fn standing(standing: Standing) -> (bool, String) {
    match standing {
        Standing::Active => (true, String::new()),
        Standing::Partial(kind) => (true, format!("table {kind}")),
        Standing::Off(kind) => (false, format!("table {kind}")),
        Standing::Without(what) => (false, what.to_owned()),
    }
}
