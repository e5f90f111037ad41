//! Runs the rules over a bill, with what the rules need from elsewhere.

use std::borrow::Cow;

use chrono::NaiveDate;
use clinical::billing;
use futures_util::join;
use kernel::Failure;
use kernel::id::{ClaimId, SessionId};
use schema::Tx;

use crate::assemble;
use crate::claim::store::Service;
use crate::claim::{Bill, store};
use crate::lifecycle::Status;
use crate::payer::PayerList;
use crate::related::Related;
use crate::rules::{self, Facts, Finding, OtherCoverage, Severity, Source, UNKNOWN_TERMS, blocks};
use crate::snapshot::ClaimSnapshot;

/// What the rules made of a bill.
#[derive(Debug)]
pub struct Judgement {
    pub snapshot: ClaimSnapshot,
    pub findings: Vec<Finding>,
    pub filing_deadline: NaiveDate,
    /// The rules and tables that were used.
    pub rule_set_version: Cow<'static, str>,
}

/// Other claims that count, of the same patient, therapist and day.
#[derive(Default)]
struct OfDay {
    duplicate_of: Option<ClaimId>,
    /// What they bill, duplicates apart: those are told as such.
    codes: Vec<String>,
}

impl OfDay {
    /// Sends a statement only where such sessions exist.
    async fn read(tx: &Tx<'_>, facts: &billing::Facts) -> Result<Self, Failure> {
        let same_day = &facts.neighbours.same_day;
        if same_day.is_empty() {
            return Ok(Self::default());
        }
        let sessions: Vec<SessionId> = same_day.iter().map(|session| session.id).collect();
        let services = store::active_services(tx, &sessions).await?;
        let is_same = |service: &Service| {
            same_day.iter().any(|s| s.id == service.session_id && s.cpt_code == facts.session.cpt_code)
        };
        let (duplicates, others): (Vec<_>, Vec<_>) = services.into_iter().partition(is_same);
        Ok(Self {
            duplicate_of: duplicates.first().map(|service| service.claim_id),
            codes: others.into_iter().map(|service| service.cpt_code).collect(),
        })
    }
}

/// Judges a bill as of now. It sends statements only where the patient saw the same therapist twice that day,
/// and of claims that replace another one or follow an earlier payer.
///
/// # Errors
/// The database's.
pub async fn judge(tx: &Tx<'_>, facts: &billing::Facts, bill: &Bill, payers: &PayerList) -> Result<Judgement, Failure> {
    let (of_day, related) = join!(OfDay::read(tx, facts), Related::read(tx, &bill.claim));
    let (OfDay { duplicate_of, codes: same_day_codes }, related) = (of_day?, related?);
    let snapshot = assemble::snapshot(facts, bill, &related, payers);
    let on = bill.claim.service_date;
    let terms = match &snapshot.coverage {
        Some(coverage) => payers.get(&coverage.payer_id).map_or(&UNKNOWN_TERMS, |listed| listed.terms_on(on)),
        None => &UNKNOWN_TERMS,
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
    let replaces = related.replaced_claim();
    let known = Facts {
        terms,
        duplicate_of,
        same_day_codes: &same_day_codes,
        last_evaluation_on: facts.neighbours.last_evaluation_on,
        other_coverages: &others,
        is_stale,
        // what nothing is kept of yet: see each field
        session_billed_by: None,
        eligibility_checked_on: None,
        has_part2_consent: false,
        replaces: replaces.as_ref(),
    };
    let findings = rules::run(&snapshot, &payers.codes, today, &known);
    let filing_deadline = rules::filing_deadline(&snapshot, terms);
    Ok(Judgement { snapshot, findings, filing_deadline, rule_set_version: payers.codes.version().clone() })
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
        bill.claim.rule_set_version = Some(self.rule_set_version.to_string());
        bill.claim.filing_deadline = Some(self.filing_deadline);
    }
}
