//! Runs the rules over a bill, with what the rules need from elsewhere.

use chrono::NaiveDate;
use clinical::billing;
use kernel::Failure;
use schema::Tx;

use crate::assemble;
use crate::claim::{Bill, store};
use crate::codes::Reference;
use crate::lifecycle::Status;
use crate::payer::PayerList;
use crate::rules::{self, Facts, Finding, OtherCoverage, PayerTerms, RULE_SET_VERSION, Severity, Source, blocks};
use crate::snapshot::ClaimSnapshot;

/// What the rules made of a bill.
#[derive(Debug)]
pub struct Judgement {
    pub snapshot: ClaimSnapshot,
    pub findings: Vec<Finding>,
    pub filing_deadline: NaiveDate,
}

/// Judges a bill as of now. It sends a statement only where another session of the same kind exists.
///
/// # Errors
/// The database's.
pub async fn judge(tx: &Tx<'_>, facts: &billing::Facts, bill: &Bill, payers: &PayerList) -> Result<Judgement, Failure> {
    let duplicate_of = if facts.same_service.is_empty() {
        None
    } else {
        let active = store::active_of_sessions(tx, &facts.same_service).await?;
        active.into_iter().map(|(claim, _)| claim).find(|claim| *claim != bill.claim.id)
    };
    let snapshot = assemble::snapshot(facts, bill, payers);
    let on = bill.claim.service_date;
    let terms = match &snapshot.coverage {
        Some(coverage) => payers.get(&coverage.payer_id).map_or(PayerTerms::UNKNOWN, |listed| listed.terms_on(on)),
        None => PayerTerms::UNKNOWN,
    };
    let others: Vec<OtherCoverage> = facts
        .coverages
        .iter()
        .filter(|c| c.holds_on(on) && Some(c.id) != bill.claim.coverage_id)
        .map(|c| OtherCoverage {
            sequence: assemble::sequence(c.sequence).x12().to_owned(),
            filing_indicator: c.filing_indicator.clone().unwrap_or_default(),
        })
        .collect();
    let today = billing::local_date(&facts.practice.time_zone, tx.scope().now())?;
    // what would leave must be what somebody, or the practice's own rule, found ready
    let is_stale = bill.claim.status == Status::Ready && bill.claim.snapshot.as_ref().is_none_or(|s| s.0 != snapshot);
    let known = Facts { terms: &terms, duplicate_of, other_coverages: &others, is_stale, ..Facts::default() };
    let findings = rules::run(&snapshot, Reference::shipped(), today, &known);
    let filing_deadline = rules::filing_deadline(&snapshot, &terms);
    Ok(Judgement { snapshot, findings, filing_deadline })
}

impl Judgement {
    /// Whether the claim may become ready: no error, and every warning acknowledged.
    #[must_use]
    pub fn is_clean(&self, bill: &Bill) -> bool {
        !blocks(&self.findings) && self.open_warnings(bill).next().is_none()
    }

    /// Warnings that nobody has accepted yet.
    pub fn open_warnings<'a>(&'a self, bill: &'a Bill) -> impl Iterator<Item = &'a Finding> {
        self.findings.iter().filter(|f| f.severity == Severity::Warning && !bill.claim.has_acknowledged(f))
    }

    /// The codes that stand in the way of being ready, each once.
    #[must_use]
    pub fn obstacles(&self, bill: &Bill) -> Vec<String> {
        let errors = self.findings.iter().filter(|f| f.severity == Severity::Error);
        let mut codes: Vec<String> = Vec::new();
        for finding in errors.chain(self.open_warnings(bill)) {
            if !codes.iter().any(|code| *code == finding.code) {
                codes.push(finding.code.to_string());
            }
        }
        codes
    }

    /// Writes the findings on the bill. What clearinghouse and payer found stays beside them until the claim is
    /// ready again: it is why the claim came back.
    pub fn note(&self, bill: &mut Bill) {
        let claim = &mut bill.claim;
        claim.validation_errors.0.retain(|f| f.source != Source::Local && claim.status == Status::Draft);
        claim.validation_errors.0.extend(self.findings.iter().cloned());
        bill.claim.rule_set_version = Some(RULE_SET_VERSION.to_owned());
        bill.claim.filing_deadline = Some(self.filing_deadline);
    }
}
