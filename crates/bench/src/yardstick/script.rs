//! Scripts in the dialect of pgbench: the transactions of the benchmark, with ids that follow from numbers.
//!
//! pgbench knows numbers only, so an id is put together from digits; what the product appends to the audit trail and
//! to the feed is the product's own SQL, with its parameters written in place.

use super::Style;

/// A transaction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Script {
    pub(super) name: &'static str,
    /// Whom it logs in as.
    pub(super) role: &'static str,
    text: &'static str,
    /// Action, method, resource and the expression of its id, for the audit entry.
    entry: [&'static str; 4],
    /// For [`append`] only: how many entries, and in how many practices the first of them may be.
    entries: u32,
    pub(super) practices: u32,
}

pub(crate) const GET_PATIENT: Script = Script {
    name: "get_patient",
    role: "claims_app",
    text: include_str!("get_patient.sql"),
    entry: [
        "view",
        "/therapy.clinical.v1.PatientService/GetPatient",
        "patient",
        "'04' || :p::text || '-0000-7000-8000-' || :n::text",
    ],
    entries: 0,
    practices: 1,
};

pub(crate) const COMPLETE_SESSION: Script = Script {
    name: "complete_session",
    role: "claims_app",
    text: include_str!("complete_session.sql"),
    entry: [
        "update",
        "/therapy.clinical.v1.SessionService/CompleteSession",
        "session",
        "'07' || :p::text || '-0000-7000-8000-' || :n::text",
    ],
    entries: 0,
    practices: 1,
};

/// Entries and nothing else, so many in one transaction: of one practice, or each of another one of so many.
pub(crate) const fn append(entries: u32, practices: u32) -> Script {
    // a transaction goes through them in ascending order, as everybody does who locks several heads
    let first_max = if practices > entries { practices - entries } else { 1 };
    Script {
        name: "append",
        role: "claims_audit",
        text: include_str!("append.sql"),
        entry: GET_PATIENT.entry,
        entries,
        practices: first_max,
    }
}

/// Statements before this line only set variables.
const BEGIN: &str = "BEGIN;";
/// As [`crate::plan::place`] computes it.
const PLACE: &str = "\\set b :g / 245
\\set r mod(:g, 245)
\\set x :r - :r / 5 - 1
\\set p case when mod(:r, 5) = 0 then 100001 else 100002 + mod(:x, 49) end
\\set k case when mod(:r, 5) = 0 then :b * 49 + :r / 5 else :b * 4 + :x / 49 end";
const AUDIT_APPEND: &str = include_str!("../../../audit/src/append_one.sql");
const FEED_APPEND: &str = include_str!("../../../feed/src/event/append.sql");

impl Script {
    /// The script, its transaction travelling in that style.
    pub(super) fn text(self, style: Style) -> String {
        let audit = self.audit();
        let step = u32::from(self.practices > 1);
        let entries =
            vec![format!("\\set p :p + {step}\n{audit}"); self.entries.try_into().unwrap_or_default()].join("\n");
        let mut text = self.text.replace("{place}", PLACE).replace("{entries}", &entries).replace("{audit}", &audit);
        text = text.replace("{feed}", &feed());
        for (name, expression) in names() {
            text = text.replace(&format!("{{{name}}}"), &expression);
        }
        match style {
            Style::Naive => text,
            Style::Pipeline => {
                format!("{}\\endpipeline\n", text.replacen(BEGIN, &format!("\\startpipeline\n{BEGIN}"), 1))
            }
        }
    }

    fn audit(self) -> String {
        let [action, method, resource, id] = self.entry;
        let text = |text: &str| format!("'{text}'");
        let patient =
            if resource == "session" { id.replace("'07'", "'04'").replace(":n", ":u") } else { id.to_owned() };
        let values = [
            "{practice}".to_owned(),
            "now()".to_owned(),
            text("user"),
            "{user}".to_owned(),
            "NULL::uuid".to_owned(),
            text("admin"),
            "{key}".to_owned(),
            text(action),
            text("allowed"),
            text(method),
            text(resource),
            format!("ARRAY[{id}]"),
            "1".to_owned(),
            "NULL::bytea".to_owned(),
            format!("ARRAY[({patient})::uuid]"),
            "true".to_owned(),
            "'bench-' || :n::text".to_owned(),
            text("127.0.0.1"),
            "NULL".to_owned(),
            text("operations"),
            "NULL::uuid".to_owned(),
            "ARRAY['demographic']".to_owned(),
            "1".to_owned(),
            // as long as the product's
            "convert_to(repeat('b', 250), 'UTF8')".to_owned(),
            "sha256('m')".to_owned(),
        ];
        in_place(AUDIT_APPEND, &values)
    }
}

fn feed() -> String {
    let event = "'09' || :p::text || '-0000-7000-8000-' || :n::text";
    let values = [
        "{practice}",
        &format!("ARRAY[{event}]"),
        "ARRAY[{08}::text]",
        "ARRAY[1]",
        "ARRAY[0]",
        "ARRAY['CLAIM_EVENT_TYPE_DRAFTED']",
        "ARRAY['99901']",
        // as long as the product's
        "ARRAY[convert_to(repeat('e', 280), 'UTF8')]",
        "ARRAY[now()]",
    ];
    in_place(FEED_APPEND, &values.map(str::to_owned))
}

/// The statement with its parameters written in place; the last ones first, as `$1` begins `$10` too.
fn in_place(sql: &str, values: &[String]) -> String {
    let filled = values
        .iter()
        .enumerate()
        .rev()
        .fold(sql.trim_end().to_owned(), |sql, (n, value)| sql.replace(&format!("${}", n + 1), value));
    format!("{filled};")
}

/// What stands for ids in the scripts.
fn names() -> Vec<(&'static str, String)> {
    let id = |kind: &str, n: &str| format!("('{kind}' || :p::text || '-0000-7000-8000-' || {n})::uuid");
    let first = "'100000000000'";
    vec![
        ("practice", id("01", first)),
        ("user", id("02", first)),
        ("key", "('b0000000000000' || :p::text)".to_owned()),
        ("04", id("04", ":n::text")),
        ("07", id("07", ":n::text")),
        ("08", id("08", ":n::text")),
        ("therapist", id("03", ":t::text")),
        ("patient", id("04", ":u::text")),
        ("coverage", id("05", ":u::text")),
        ("number", "translate(:p::text || :m::text, '01', 'AB')".to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_left_in_a_script() {
        for script in [GET_PATIENT, COMPLETE_SESSION, append(32, 1000)] {
            let text = script.text(Style::Naive);
            assert!(!["{practice}", "{audit}", "{user}", "{0", "$"].iter().any(|name| text.contains(name)), "{text}");
        }
    }

    #[test]
    fn a_pipeline_holds_the_whole_transaction() {
        let text = GET_PATIENT.text(Style::Pipeline);
        assert!(
            text.contains("\\startpipeline\nBEGIN;\nSELECT") && text.ends_with("COMMIT;\n\\endpipeline\n"),
            "{text}"
        );
    }
}
