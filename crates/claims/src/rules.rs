//! The scrubber: numbered rules over a claim snapshot, each on its own, all run every time.
//!
//! A rule sees the snapshot, the code tables, the practice's date and a few facts that its caller looked
//! up; it does no I/O and allocates only when it has something to say. It names a field, never a value.
//! Findings come in the order of the rules' numbers, so the same claim always gives the same list.
//!
//! Rules that need tables which only the operator has keep silent until those are loaded; [`catalogue()`] tells which.
//! Left to its own place is what can only be seen while a file is written (97 reserved characters, 98 and 99 batches).

use std::borrow::Cow;
use std::sync::LazyLock;

use chrono::NaiveDate;

use crate::codes::Reference;
use crate::snapshot::ClaimSnapshot;

pub use self::catalogue::{Entry, Standing, catalogue};
pub use self::facts::{BadPattern, Facts, MemberIdPattern, OtherCoverage, PayerTerms, ReplacedClaim, UNKNOWN_TERMS};
pub use self::filing::{DELAY_REASONS, SNAPSHOT_STALE, TIMELY_FILING_EXPIRED, filing_deadline};
pub use self::finding::{Finding, Severity, Source, blocks};

mod address;
#[cfg(test)]
pub(crate) mod bench;
mod catalogue;
mod cob;
mod combination;
mod coverage;
mod diagnosis;
mod facts;
mod filing;
mod finding;
mod line;
mod patient;
mod provider;
mod session;
mod tax_id;
mod text;

/// The revision of the rules and of the shipped tables. What is stored with every run is [`Reference::version`], which
/// tells the loaded tables too.
pub const RULE_SET_VERSION: &str = "2026-11.2";

/// One rule of the table.
#[derive(Debug)]
pub struct Rule {
    /// Its place in the order.
    pub number: u16,
    /// Upper snake case; part of the API.
    pub code: &'static str,
    /// The usual severity; a payer's terms can change it.
    pub severity: Severity,
    pub message: &'static str,
    /// Where it comes from.
    pub basis: &'static str,
    check: fn(&Case<'_>, &mut Report<'_>),
}

/// Every rule, by number.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    static SORTED: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
        let tables = [
            provider::RULES,
            patient::RULES,
            coverage::RULES,
            session::RULES,
            line::RULES,
            combination::RULES,
            diagnosis::RULES,
            filing::RULES,
            cob::RULES,
        ];
        let mut rules: Vec<_> = tables.into_iter().flatten().collect();
        rules.sort_by_key(|rule| (rule.number, rule.code));
        rules
    });
    SORTED.iter().copied()
}

/// Runs every rule. `today` is the date in the practice's time zone.
#[must_use]
pub fn run(snapshot: &ClaimSnapshot, codes: &Reference, today: NaiveDate, facts: &Facts<'_>) -> Vec<Finding> {
    let case = Case { snapshot, codes, today, facts };
    let mut found = Vec::new();
    for rule in all() {
        let mut report = Report { rule, version: codes.version(), found };
        (rule.check)(&case, &mut report);
        found = report.found;
    }
    found
}

/// What a rule looks at.
struct Case<'a> {
    snapshot: &'a ClaimSnapshot,
    codes: &'a Reference,
    today: NaiveDate,
    facts: &'a Facts<'a>,
}

impl Case<'_> {
    /// Date of service.
    const fn service_date(&self) -> NaiveDate {
        self.snapshot.claim.service_date
    }
}

/// Where a rule writes down what it found.
struct Report<'a> {
    rule: &'static Rule,
    version: &'a Cow<'static, str>,
    found: Vec<Finding>,
}

impl Report<'_> {
    /// The rule fires on this field, in its usual words.
    fn at(&mut self, field: impl Into<Cow<'static, str>>) {
        self.with(self.rule.severity, field);
    }

    /// The rule fires as less or more than usual.
    fn with(&mut self, severity: Severity, field: impl Into<Cow<'static, str>>) {
        self.saying(severity, field, self.rule.message);
    }

    /// The rule fires in words of its own.
    fn saying(&mut self, severity: Severity, field: impl Into<Cow<'static, str>>, message: &'static str) {
        self.found.push(Finding {
            code: Cow::Borrowed(self.rule.code),
            severity,
            field: field.into(),
            message: Cow::Borrowed(message),
            rule_set_version: self.version.clone(),
            source: Source::Local,
        });
    }
}

#[cfg(test)]
mod tests;
