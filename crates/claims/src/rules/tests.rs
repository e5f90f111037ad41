use std::collections::BTreeSet;
use std::sync::LazyLock;

use chrono::{Days, NaiveDate};
use proptest::prelude::*;

use super::bench::Bench;
use super::*;

#[test]
fn a_clean_claim_has_no_findings() {
    assert_eq!(Bench::clean().findings(), []);
}

#[test]
fn every_rule_of_the_table_has_examples_on_both_sides() {
    let covered = [
        provider::tests::COVERED,
        patient::tests::COVERED,
        coverage::tests::COVERED,
        session::tests::COVERED,
        line::tests::COVERED,
        combination::tests::COVERED,
        diagnosis::tests::COVERED,
        filing::tests::COVERED,
        cob::tests::COVERED,
    ];
    let covered: BTreeSet<_> = covered.into_iter().flatten().map(|rule| rule.to_ascii_uppercase()).collect();
    let table: BTreeSet<_> = all().map(|rule| rule.code.to_owned()).collect();
    assert_eq!(covered, table);
}

#[test]
fn the_table_is_what_the_readers_of_findings_know() {
    let table: Vec<_> = all().map(|rule| format!("{:>3} {:<7} {}", rule.number, rule.severity, rule.code)).collect();
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn codes_are_unique_and_numbers_ordered() {
    let codes: BTreeSet<_> = all().map(|rule| rule.code).collect();
    assert_eq!(codes.len(), all().count());
    assert!(all().is_sorted_by_key(|rule| rule.number));
    for rule in all() {
        assert!(rule.code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'), "{}", rule.code);
        assert!(!rule.message.is_empty() && !rule.basis.is_empty(), "{}", rule.code);
    }
}

#[test]
fn all_findings_come_at_once_in_the_order_of_the_rules() {
    let mut bench = Bench::clean();
    bench.snapshot.billing_provider.npi = "123".into();
    bench.snapshot.patient.sex = "X".into();
    bench.snapshot.session.status = "scheduled".into();
    bench.snapshot.claim.diagnosis_codes.clear();
    bench.snapshot.lines.clear();
    let codes: Vec<_> = bench.findings().into_iter().map(|finding| finding.code).collect();
    let expected =
        ["NPI_FORMAT", "SEX_CODE", "SESSION_NOT_COMPLETED", "CLAIM_TOTAL_MISMATCH", "LINE_COUNT", "DX_REQUIRED"];
    assert_eq!(codes, expected);
}

#[test]
fn a_finding_says_which_rules_were_run_and_by_whom() {
    let mut bench = Bench::clean();
    bench.snapshot.patient.sex = "X".into();
    let finding = bench.findings().remove(0);
    assert_eq!((finding.rule_set_version.as_ref(), finding.source), (RULE_SET_VERSION, Source::Local));
}

/// The numbers of the catalogue that are decided elsewhere, each with its reason.
const ELSEWHERE: &[(u16, &str)] =
    &[(97, "seen when a file is written"), (98, "seen when a file is written"), (99, "seen when a file is written")];

#[test]
fn no_number_of_the_catalogue_is_forgotten() {
    let here: BTreeSet<u16> = all().map(|rule| rule.number).collect();
    let elsewhere: BTreeSet<u16> = ELSEWHERE.iter().map(|(number, _)| *number).collect();
    assert!(here.is_disjoint(&elsewhere));
    assert_eq!(here.union(&elsewhere).copied().collect::<Vec<_>>(), (1..=101).collect::<Vec<_>>());
}

/// Texts that look like anything but what a field should hold.
fn junk() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[A-Z0-9.]{1,12}",
        "\\PC{0,20}",
        Just("ＺＱＸ77 é🙂\u{0}*~:^".to_owned()),
        "ZQX77[a-z]{0,100}",
    ]
}

proptest! {
    #[test]
    fn no_stored_value_breaks_a_rule_or_shows_in_a_finding(
        texts in prop::collection::vec(junk(), 24),
        numbers in prop::collection::vec(any::<i32>(), 4),
        days in prop::collection::vec(0u64..3_000_000, 5),
        scale in -40i64..40,
    ) {
        let mut bench = Bench::clean();
        let mut texts = texts.into_iter();
        let snapshot = &mut bench.snapshot;
        let coverage = snapshot.coverage.as_mut().unwrap();
        let line = &mut snapshot.lines[0];
        for field in [
            &mut snapshot.claim.claim_number, &mut snapshot.claim.frequency, &mut snapshot.claim.payer_sequence,
            &mut snapshot.claim.prior_authorization, &mut snapshot.claim.note, &mut snapshot.billing_provider.npi,
            &mut snapshot.billing_provider.tax_id, &mut snapshot.billing_provider.tax_id_type,
            &mut snapshot.billing_provider.taxonomy, &mut snapshot.billing_provider.phone,
            &mut snapshot.billing_provider.address.line1, &mut snapshot.billing_provider.address.zip_code,
            &mut snapshot.rendering_provider.taxonomy, &mut snapshot.patient.first_name,
            &mut snapshot.patient.address.state, &mut coverage.member_id, &mut coverage.relationship,
            &mut coverage.sequence, &mut snapshot.session.place_of_service, &mut snapshot.session.modality,
            &mut line.cpt_code, &mut line.modifiers[0], &mut line.control_number,
            &mut snapshot.claim.diagnosis_codes[0],
        ] {
            *field = texts.next().unwrap();
        }
        let date = |days: u64| NaiveDate::MIN.checked_add_days(Days::new(days * 60)).unwrap_or(NaiveDate::MAX);
        snapshot.claim.service_date = date(days[0]);
        snapshot.patient.birth_date = Some(date(days[1]));
        coverage.effective_to = Some(date(days[2]));
        snapshot.lines[0].units = numbers[0];
        snapshot.lines[0].diagnosis_pointers = vec![numbers[1], 1, numbers[1]];
        snapshot.session.duration_minutes = Some(numbers[2]);
        snapshot.claim.charge_amount = bigdecimal::BigDecimal::new(numbers[3].into(), scale);
        snapshot.lines[0].charge_amount = bigdecimal::BigDecimal::new(numbers[0].into(), scale);
        bench.today = date(days[3]);
        bench.last_evaluation_on = Some(date(days[4]));
        let findings = bench.findings();
        prop_assert_eq!(&findings, &bench.findings());
        let numbers: Vec<_> = findings.iter().map(|f| all().find(|rule| rule.code == f.code).unwrap().number).collect();
        prop_assert!(numbers.is_sorted());
        for finding in &findings {
            let shown = format!("{} {}", finding.field, finding.message);
            prop_assert!(!shown.contains("ZQX77") && shown.is_ascii(), "{shown}");
        }
    }
}

/// Where the texts of a JSON value are.
fn texts(value: &serde_json::Value, path: &str, found: &mut Vec<String>) {
    match value {
        serde_json::Value::String(_) => found.push(path.to_owned()),
        serde_json::Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| texts(item, &format!("{path}/{at}"), found));
        }
        serde_json::Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| texts(field, &format!("{path}/{name}"), found));
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}

/// A claim with everybody and everything on it, and the paths of its texts that may be any text.
static FULL: LazyLock<(serde_json::Value, Vec<String>)> = LazyLock::new(|| {
    let mut bench = Bench::clean();
    let snapshot = &mut bench.snapshot;
    snapshot.subscriber = Some(snapshot.patient.clone());
    snapshot.supervising_provider = Some(crate::snapshot::SupervisingProvider {
        therapist_id: snapshot.rendering_provider.therapist_id,
        first_name: "Sam".into(),
        last_name: "Vale".into(),
        npi: "1558598797".into(),
        taxonomy: "1041C0700X".into(),
    });
    snapshot.billing_provider.pay_to_address = Some(snapshot.billing_provider.address.clone());
    snapshot.lines.push(snapshot.lines[0].clone());
    snapshot.coverage.as_mut().unwrap().insurance_type = "43".into();
    let full = serde_json::to_value(&bench.snapshot).unwrap();
    let mut paths = Vec::new();
    texts(&full, "", &mut paths);
    paths.retain(|path| {
        let mut changed = full.clone();
        *changed.pointer_mut(path).unwrap() = "ZQX77".into();
        serde_json::from_value::<ClaimSnapshot>(changed).is_ok()
    });
    (full, paths)
});

proptest! {
    #[test]
    fn a_snapshot_of_nothing_but_junk_breaks_no_rule_and_shows_in_no_finding(
        junk in prop::collection::vec(junk().prop_map(|text| format!("{text}ZQX77")), 100),
        keep in prop::collection::vec(any::<bool>(), 100),
        keeps_some in any::<bool>(),
    ) {
        let (mut full, paths) = FULL.clone();
        prop_assert!((50..=100).contains(&paths.len()), "{}", paths.len());
        for ((path, text), keep) in paths.iter().zip(junk).zip(keep) {
            if !(keeps_some && keep) {
                *full.pointer_mut(path).unwrap() = text.into();
            }
        }
        let mut bench = Bench::clean();
        bench.snapshot = serde_json::from_value(full).unwrap();
        bench.terms.member_id = Some(MemberIdPattern::new("W[0-9]{9}").unwrap());
        bench.loaded = vec![
            (crate::codes::Kind::Excludes1, "code,excluded\nF32,F33"),
            (crate::codes::Kind::NpiDeactivations, "npi,deactivated_on,reactivated_on\n1234567893,2020-01-01,"),
        ];
        let findings = bench.findings();
        prop_assert_eq!(&findings, &bench.findings());
        crate::repair::repair(&mut bench.snapshot);
        bench.findings();
        let numbers: Vec<_> = findings.iter().map(|f| all().find(|rule| rule.code == f.code).unwrap().number).collect();
        prop_assert!(numbers.is_sorted());
        for finding in &findings {
            let shown = format!("{} {}", finding.field, finding.message);
            prop_assert!(!shown.contains("ZQX77") && shown.is_ascii(), "{shown}");
        }
    }
}

#[test]
fn a_snapshot_that_came_back_from_json_is_judged_alike() {
    let mut bench = Bench::clean();
    bench.snapshot.patient.address.zip_code = "1".into();
    bench.snapshot.lines[0].charge_amount = "1.005".parse().unwrap();
    let json = serde_json::to_vec(&bench.snapshot).unwrap();
    let before = bench.findings();
    bench.snapshot = serde_json::from_slice(&json).unwrap();
    assert_eq!(bench.findings(), before);
}

#[test]
fn the_claim_that_is_benchmarked_is_clean() {
    let mut bench = Bench::clean();
    bench.snapshot = serde_json::from_str(include_str!("../../benches/clean_claim.json")).unwrap();
    assert_eq!(bench.findings(), []);
}
