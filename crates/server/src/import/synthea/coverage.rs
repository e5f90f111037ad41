//! Payers, and the years of insurance of each patient as coverages.

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};
use therapy_claims::clinical::v1 as clinical;
use therapy_claims::common::v1 as common;

use super::super::report::FileReport;
use super::super::table::{Row, Table};
use super::text::{day, full_name};
use super::{NOT_READABLE, PatientRow, SessionRow};
use crate::workload::make::date;

/// Coverages of one patient that an import takes.
const MOST: usize = 10;

/// A payer as coverages name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub payer_id: String,
    pub filing_indicator: &'static str,
}

/// The payers by their keys.
pub(super) type Payers = HashMap<String, Listed>;

/// Reads the payers. Their ids in our payer list are given by name; one that is not given goes by its name, which
/// validation will then not find in the list.
pub(super) fn payers(payers: &Table, ids: &HashMap<String, String>, report: &mut FileReport) -> Payers {
    let mut listed = Payers::new();
    for row in payers.rows() {
        let Some(row) = row else {
            report.refuse(NOT_READABLE);
            continue;
        };
        let name = row.get("NAME");
        let filing_indicator = match name {
            "NO_INSURANCE" => {
                report.refuse("stands for no insurance");
                continue;
            }
            "Dual Eligible" => {
                report.refuse("stands for two payers with one member id");
                continue;
            }
            "Medicare" => "MB",
            "Medicaid" => "MC",
            "Blue Cross Blue Shield" => "BL",
            _ => "CI",
        };
        let known = ids.get(&name.to_lowercase());
        report.map(match known {
            Some(_) => "id of our payer list",
            None => "not in our payer list: goes by its name",
        });
        report.taken += 1;
        let payer_id = known.cloned().unwrap_or_else(|| name.to_uppercase());
        listed.insert(row.get("Id").to_owned(), Listed { payer_id, filing_indicator });
    }
    listed
}

/// A time of insurance: one year, or several that follow each other.
#[derive(Debug, Clone)]
struct Span {
    from: NaiveDate,
    /// The last day.
    to: NaiveDate,
    coverage: clinical::Coverage,
    rows: usize,
}

/// Gives the patients their coverages: those in whose time a session falls, and the latest others.
pub(super) fn coverages(
    transitions: &Table,
    payers: &Payers,
    sessions: &[SessionRow],
    patients: &mut [PatientRow],
    report: &mut FileReport,
) {
    let mut spans: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    for row in transitions.rows() {
        let read = match row {
            Some(row) => span(&row, payers, report).map(|span| (row.get("PATIENT").to_owned(), span)),
            None => Err(NOT_READABLE),
        };
        match read {
            Ok((patient, span)) if patients.iter().any(|row| row.key == patient) => {
                spans.entry(patient).or_default().push(span);
            }
            Ok(_) => report.refuse("patient is not taken"),
            Err(why) => report.refuse(why),
        }
    }
    for patient in patients {
        let Some(mut own) = spans.remove(&patient.key) else { continue };
        own.sort_by_key(|span| span.from);
        let joined = join(own, report);
        let days: Vec<_> = sessions
            .iter()
            .filter(|session| session.patient == patient.key && !session.session.self_pay)
            .map(|session| session.day)
            .collect();
        let kept = keep(joined, &days, report);
        patient.transitions = kept.iter().map(|span| span.rows).sum();
        patient.coverages = kept.into_iter().map(|span| span.coverage).collect();
    }
}

fn span(row: &Row<'_>, payers: &Payers, report: &mut FileReport) -> Result<Span, &'static str> {
    let payer = payers.get(row.get("PAYER")).ok_or("no insurance, or a payer that is not taken")?;
    let from = day(row.get("START_YEAR")).ok_or("start is no date")?;
    let end = day(row.get("END_YEAR")).ok_or("end is no date")?;
    // the next year begins on the day on which this one ends
    let to = end.checked_sub_days(Days::new(1)).filter(|to| from <= *to).ok_or("ends before it begins")?;
    let member_id = row.get("MEMBERID").replace('-', "");
    if member_id.is_empty() {
        return Err("member id is missing");
    }
    let relationship = match row.get("OWNERSHIP") {
        "Self" => clinical::Relationship::Self_,
        "Spouse" => clinical::Relationship::Spouse,
        "Guardian" => clinical::Relationship::Child,
        _ => return Err("relationship to the subscriber is not told"),
    };
    let is_own = relationship == clinical::Relationship::Self_;
    let subscriber = if is_own { None } else { Some(subscriber(row.get("OWNERNAME"))?) };
    if subscriber.is_some() {
        report.map("subscriber without birth date and sex");
    }
    report.map("member id without hyphens");
    if !row.get("SECONDARY_PAYER").is_empty() {
        report.map("second payer left out: its member id is not known");
    }
    let coverage = clinical::Coverage {
        payer_id: payer.payer_id.clone(),
        member_id,
        relationship: relationship.into(),
        subscriber,
        sequence: clinical::PayerSequence::Primary.into(),
        filing_indicator: payer.filing_indicator.to_owned(),
        effective_from: Some(date(from)),
        effective_to: Some(date(to)),
        ..clinical::Coverage::default()
    };
    Ok(Span { from, to, coverage, rows: 1 })
}

fn subscriber(name: &str) -> Result<common::Person, &'static str> {
    let (first_name, last_name) = full_name(name);
    if first_name.is_empty() || last_name.is_empty() {
        return Err("subscriber has no first name or no last name");
    }
    Ok(common::Person { first_name, last_name, ..common::Person::default() })
}

/// Years of the same insurance that follow each other become one; a year that begins too early begins later.
fn join(spans: Vec<Span>, report: &mut FileReport) -> Vec<Span> {
    let mut joined: Vec<Span> = Vec::new();
    for mut span in spans {
        if let Some(last) = joined.last_mut() {
            let next = last.to.succ_opt().unwrap_or(last.to);
            let same = |a: &clinical::Coverage, b: &clinical::Coverage| {
                (&a.payer_id, &a.member_id, a.relationship) == (&b.payer_id, &b.member_id, b.relationship)
            };
            if span.from <= next && same(&span.coverage, &last.coverage) {
                last.to = last.to.max(span.to);
                last.coverage.effective_to = Some(date(last.to));
                last.rows += 1;
                report.map("joined with the year before");
                continue;
            }
            if span.from <= last.to {
                if span.to <= last.to {
                    report.refuse("lies within the year before");
                    continue;
                }
                span.from = next;
                span.coverage.effective_from = Some(date(next));
                report.map("begins after the year before");
            }
        }
        joined.push(span);
    }
    joined
}

/// At most ten: those that pay for a session before the others, the later before the earlier.
fn keep(mut spans: Vec<Span>, days: &[NaiveDate], report: &mut FileReport) -> Vec<Span> {
    let pays = |span: &Span| days.iter().any(|day| (span.from..=span.to).contains(day));
    spans.sort_by_key(|span| std::cmp::Reverse((pays(span), span.from)));
    for span in spans.iter().skip(MOST) {
        for _ in 0..span.rows {
            report.refuse("patient has more than ten coverages");
        }
    }
    spans.truncate(MOST);
    spans.sort_by_key(|span| span.from);
    spans
}
