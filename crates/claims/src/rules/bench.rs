//! A claim that no rule objects to, for tests to spoil, and the form in which each rule gives its examples.

use bigdecimal::BigDecimal;
use chrono::NaiveDate;
use kernel::id::{ClaimId, CoverageId, PatientId, PracticeId, SessionId, TherapistId};

use super::{Facts, Finding, OtherCoverage, PayerTerms, ReplacedClaim, Severity, all, run};
use crate::codes::{Kind, Reference, Release};
use crate::snapshot::{
    Address, BillingProvider, ClaimFacts, ClaimSnapshot, Coverage, FORMAT, Line, Payer, Person, RenderingProvider,
    Session,
};

/// The clean claim with all that the rules look at, a week after the session.
pub(crate) struct Bench {
    pub snapshot: ClaimSnapshot,
    pub terms: PayerTerms,
    pub today: NaiveDate,
    pub duplicate_of: Option<ClaimId>,
    pub session_billed_by: Option<ClaimId>,
    pub same_day_codes: Vec<String>,
    pub last_evaluation_on: Option<NaiveDate>,
    pub eligibility_checked_on: Option<NaiveDate>,
    pub other_coverages: Vec<OtherCoverage>,
    pub has_part2_consent: bool,
    pub replaces: Option<ReplacedClaim>,
    pub is_stale: bool,
    /// Tables that were loaded.
    pub loaded: Vec<(Kind, &'static str)>,
}

impl Bench {
    pub(crate) fn clean() -> Self {
        Self {
            snapshot: clean_snapshot(),
            terms: PayerTerms::UNKNOWN,
            today: day("2026-03-23"),
            duplicate_of: None,
            session_billed_by: None,
            same_day_codes: Vec::new(),
            last_evaluation_on: None,
            eligibility_checked_on: None,
            other_coverages: Vec::new(),
            has_part2_consent: false,
            replaces: None,
            is_stale: false,
            loaded: Vec::new(),
        }
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        let facts = Facts {
            terms: &self.terms,
            duplicate_of: self.duplicate_of,
            session_billed_by: self.session_billed_by,
            same_day_codes: &self.same_day_codes,
            last_evaluation_on: self.last_evaluation_on,
            eligibility_checked_on: self.eligibility_checked_on,
            other_coverages: &self.other_coverages,
            has_part2_consent: self.has_part2_consent,
            replaces: self.replaces.as_ref(),
            is_stale: self.is_stale,
        };
        if self.loaded.is_empty() {
            return run(&self.snapshot, Reference::shipped(), self.today, &facts);
        }
        let release = |(kind, content): &(Kind, &'static str)| Release { kind: *kind, valid_from: None, content };
        let releases: Vec<_> = self.loaded.iter().map(release).collect();
        run(&self.snapshot, &Reference::with(1, &releases).unwrap(), self.today, &facts)
    }

    pub(crate) fn coverage(&mut self) -> &mut Coverage {
        self.snapshot.coverage.as_mut().unwrap()
    }

    /// Makes the claim bill these procedures, each on a line of its own.
    pub(crate) fn bill(&mut self, codes: &[&str]) {
        self.snapshot.lines = codes.iter().map(|code| line(code, "50.00")).collect();
        self.snapshot.claim.charge_amount = BigDecimal::from(50 * codes.len() as u64);
    }
}

/// Asserts that the spoilt claim is found out by that rule, at that field, with that severity.
pub(crate) fn assert_fires(rule: &str, why: &str, field: &str, severity: Option<Severity>, spoil: fn(&mut Bench)) {
    let code = rule.to_ascii_uppercase();
    let rule = all().find(|rule| rule.code == code).unwrap_or_else(|| panic!("no rule {code}"));
    let mut bench = Bench::clean();
    spoil(&mut bench);
    let findings = bench.findings();
    let finding = findings.iter().find(|finding| finding.code == code && finding.field == field);
    let Some(finding) = finding else { panic!("{code} does not fire at {field}: {why}; found {findings:#?}") };
    assert_eq!(finding.severity, severity.unwrap_or(rule.severity), "{code}: {why}");
}

/// Asserts that the changed claim, whatever else it is, is none of that rule's business.
pub(crate) fn assert_spares(rule: &str, why: &str, change: fn(&mut Bench)) {
    let code = rule.to_ascii_uppercase();
    let mut bench = Bench::clean();
    change(&mut bench);
    let findings = bench.findings();
    assert!(findings.iter().all(|finding| finding.code != code), "{code} fires: {why}; found {findings:#?}");
}

/// Examples on both sides of each rule's boundary; one module of tests per rule, named like its code.
macro_rules! examples {
    (@severity) => { None };
    (@severity $severity:ident) => { Some(crate::rules::Severity::$severity) };
    ($($rule:ident {
        fires { $($wrong:literal at $field:literal $(as $severity:ident)? => $spoil:expr;)+ }
        spares { $($right:literal => $change:expr;)+ }
    })+) => {
        pub(in crate::rules) const COVERED: &[&str] = &[$(stringify!($rule)),+];
        $(mod $rule {
            use super::*;

            #[test]
            fn fires_beyond_its_boundary() {
                let rule = stringify!($rule);
                assert!(COVERED.contains(&rule));
                $(
                    let severity = examples!(@severity $($severity)?);
                    crate::rules::bench::assert_fires(rule, $wrong, $field, severity, $spoil);
                )+
            }

            #[test]
            fn spares_what_is_within_it() {
                $(crate::rules::bench::assert_spares(stringify!($rule), $right, $change);)+
            }
        })+
    };
}
pub(crate) use examples;

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn money(text: &str) -> BigDecimal {
    text.parse().unwrap()
}

fn address(line1: &str, zip: &str) -> Address {
    Address {
        line1: line1.into(),
        line2: String::new(),
        city: "BOSTON".into(),
        state: "MA".into(),
        zip_code: zip.into(),
    }
}

/// One 90837 by video at home, on 16 March 2026.
pub(crate) fn clean_snapshot() -> ClaimSnapshot {
    ClaimSnapshot {
        format: FORMAT,
        claim: ClaimFacts {
            claim_id: ClaimId::new(),
            claim_number: "C7K2M9Q4XA22".into(),
            frequency: "1".into(),
            original_payer_claim_number: String::new(),
            payer_sequence: "P".into(),
            service_date: day("2026-03-16"),
            diagnosis_codes: vec!["F41.1".into(), "F33.1".into()],
            prior_authorization: String::new(),
            charge_amount: money("150.00"),
            copay_amount: money("20.00"),
            delay_reason: String::new(),
            note: String::new(),
        },
        billing_provider: BillingProvider {
            practice_id: PracticeId::new(),
            name: "Harbor Therapy Group".into(),
            npi: "1999999992".into(),
            tax_id: "12-3456789".into(),
            tax_id_type: "EI".into(),
            taxonomy: "261QM0801X".into(),
            address: address("500 Clinic Way", "021180001"),
            pay_to_address: None,
            contact_name: "Front Office".into(),
            phone: "6175550100".into(),
            part2_program: false,
        },
        rendering_provider: RenderingProvider {
            therapist_id: TherapistId::new(),
            first_name: "Alice".into(),
            last_name: "Smith".into(),
            npi: "1234567893".into(),
            taxonomy: "1041C0700X".into(),
            license_number: "LCSW-1001".into(),
            license_level: "independent".into(),
            license_state: "MA".into(),
            is_active: true,
            employed_from: Some(day("2020-01-01")),
            employed_to: None,
        },
        supervising_provider: None,
        patient_id: PatientId::new(),
        patient: Person {
            first_name: "Avery".into(),
            last_name: "Quill".into(),
            birth_date: Some(day("1990-01-15")),
            sex: "F".into(),
            address: address("1 Main St", "02118"),
        },
        coverage: Some(Coverage {
            coverage_id: CoverageId::new(),
            payer_id: "99901".into(),
            member_id: "W123456789".into(),
            group_number: "GRP100".into(),
            relationship: "18".into(),
            sequence: "P".into(),
            filing_indicator: "CI".into(),
            insurance_type: String::new(),
            effective_from: Some(day("2025-01-01")),
            effective_to: None,
            assignment: "A".into(),
            benefits_assigned: "Y".into(),
            release: "Y".into(),
        }),
        subscriber: None,
        payer: Some(Payer {
            payer_id: "99901".into(),
            name: "SAMPLE HEALTH PLAN".into(),
            valid_from: Some(day("2020-01-01")),
            valid_to: None,
        }),
        network_status: "in_network".into(),
        session: session(),
        lines: vec![line("90837", "150.00")],
        prior_payers: Vec::new(),
        filing_deadline: None,
        rule_set_version: String::new(),
        repairs: Vec::new(),
    }
}

fn session() -> Session {
    Session {
        session_id: SessionId::new(),
        status: "completed".into(),
        cpt_code: "90837".into(),
        duration_minutes: Some(55),
        fee: money("150.00"),
        copay: money("20.00"),
        place_of_service: "10".into(),
        modality: "video".into(),
        patient_state: "MA".into(),
        disclosure_restricted: false,
        part2: false,
        self_pay: false,
    }
}

/// A line of the clean session's.
pub(crate) fn line(cpt: &str, charge: &str) -> Line {
    Line {
        line_number: 1,
        control_number: format!("C7K2M9Q4XA22L{cpt}"),
        cpt_code: cpt.into(),
        modifiers: vec!["95".into()],
        units: 1,
        charge_amount: money(charge),
        place_of_service: "10".into(),
        diagnosis_pointers: vec![1],
        service_date: day("2026-03-16"),
        duration_minutes: None,
    }
}
