//! What is not written, each by the name of its field.

use std::sync::Arc;

use chrono::NaiveDate;
use x12::amount::Cents;
use x12::claim::{AdjustmentGroup, BatchHeader, BillingProvider, Claim, Frequency, Patient, Sequence, check};

use crate::sample::{self, Kind};

type Change = fn(&mut Claim);

fn provider(claim: &mut Claim) -> &mut BillingProvider {
    Arc::make_mut(&mut claim.billing_provider)
}

/// The fields that are named once the claim of the kind is changed.
fn named(kind: Kind, change: Change) -> Vec<String> {
    let mut claim = sample::claim_of(kind, 1);
    change(&mut claim);
    check::claim(&claim).err().map_or_else(Vec::new, |refused| refused.0.into_iter().map(|v| v.field).collect())
}

#[test]
fn a_claim_of_each_kind_is_fine() {
    for kind in sample::KINDS {
        assert_eq!(named(kind, |_| {}), Vec::<String>::new(), "{kind:?}");
    }
}

#[test]
fn values_that_no_file_can_hold_are_named() {
    let changes: [(&str, Change); 34] = [
        ("number", |c| c.number.clear()),
        ("number", |c| c.number = "C".repeat(21)),
        ("number", |c| c.number = "C~1".into()),
        ("total", |c| c.total = Cents(1)),
        ("place_of_service", |c| c.place_of_service = "1".into()),
        ("delay_reason", |c| c.delay_reason = "12".into()),
        ("payer_claim_number", |c| c.payer_claim_number = "ICN1".into()),
        ("payer_claim_number", |c| c.frequency = Frequency::Void),
        ("patient_paid", |c| c.patient_paid = Cents(-1)),
        ("diagnoses[1]", |c| c.diagnoses[1] = "F33.1".into()),
        ("diagnoses[1]", |c| c.diagnoses[1] = c.diagnoses[0].clone()),
        ("diagnoses", |c| c.diagnoses.extend((1..=11).map(|n| format!("Z{n:03}")))),
        ("rendering_provider.npi", |c| c.rendering_provider.as_mut().unwrap().npi = "1234567890".into()),
        ("rendering_provider.taxonomy", |c| c.rendering_provider.as_mut().unwrap().taxonomy = "1041C".into()),
        ("billing_provider.name", |c| provider(c).name = "  ".into()),
        ("billing_provider.tax_id", |c| provider(c).tax_id = "12-3456789".into()),
        ("billing_provider.phone", |c| provider(c).phone = "(617) 555-0100".into()),
        ("billing_provider.address.zip_code", |c| provider(c).address.zip_code = "02118".into()),
        ("billing_provider.address.zip_code", |c| provider(c).address.zip_code = "02118-0001".into()),
        ("subscriber.member_id", |c| c.subscriber.member_id = "W".into()),
        ("subscriber.name.last", |c| c.subscriber.name.last = "李".into()),
        ("subscriber.name.first", |c| c.subscriber.name.first = "JA\u{7}NE".into()),
        ("subscriber.name.first", |c| c.subscriber.name.first = "ß".repeat(18)),
        ("subscriber.address", |c| c.subscriber.address = None),
        ("subscriber.sex", |c| c.subscriber.sex = None),
        ("subscriber.birth_date", |c| c.subscriber.birth_date = NaiveDate::from_ymd_opt(190, 1, 15)),
        ("payer.id", |c| c.payer.id = "60054 ".into()),
        ("lines[0].procedure", |c| c.lines[0].procedure = "9083".into()),
        ("lines[0].modifiers[1]", |c| c.lines[0].modifiers = vec!["95".into(), "ho".into()]),
        ("lines[0].units", |c| c.lines[0].units = 0),
        ("lines[0].diagnosis_pointers", |c| c.lines[0].diagnosis_pointers = vec![3]),
        ("lines[0].diagnosis_pointers", |c| c.lines[0].diagnosis_pointers = vec![0]),
        ("lines[0].diagnosis_pointers", |c| c.lines[0].diagnosis_pointers = vec![1, 1]),
        ("lines[0].service_date_to", |c| c.lines[0].service_date_to = Some(sample::day(0))),
    ];
    for (n, (field, change)) in changes.into_iter().enumerate() {
        assert_eq!(named(Kind::Telehealth, change), [field], "change {n}");
    }
}

#[test]
fn lines_are_counted_and_told_apart() {
    assert_eq!(
        named(Kind::InPerson, |c| c.lines[1].control_number = c.lines[0].control_number.clone()),
        ["lines[1].control_number"]
    );
    let lines = |count: u32| {
        let mut claim = sample::claim(1);
        let line = claim.lines.remove(0);
        for n in 0..count {
            claim.lines.push(x12::claim::Line { control_number: format!("L{n}"), ..line.clone() });
        }
        claim.total = Cents(15_000 * i64::from(count));
        check::claim(&claim).err().map_or_else(String::new, |refused| refused.to_string())
    };
    assert_eq!(lines(50), "");
    assert_eq!(lines(51), "lines: must be 1 to 50");
    assert_eq!(lines(0), "lines: must be 1 to 50");
}

#[test]
fn what_other_payers_decided_must_add_up() {
    let changes: [(&str, Change); 7] = [
        ("lines[0].decisions[0].paid", |c| c.lines[0].decisions[0].paid = Cents(1)),
        ("lines[0].decisions[0].adjustments[1].group", |c| {
            c.lines[0].decisions[0].adjustments[1].group = AdjustmentGroup::Contractual;
        }),
        ("lines[0].decisions[0].adjustments[0].items[0].reason", |c| {
            c.lines[0].decisions[0].adjustments[0].items[0].reason.clear();
        }),
        ("lines[0].decisions[0].payer_id", |c| c.other_payers[0].payer_id = "99903".into()),
        ("other_payers[0].decided_on", |c| c.other_payers[0].decided_on = Some(sample::day(1))),
        ("other_payers[0].decided_on", |c| c.lines[0].decisions.clear()),
        ("other_payers[0].sequence", |c| c.other_payers[0].sequence = Sequence::Secondary),
    ];
    for (n, (field, change)) in changes.into_iter().enumerate() {
        let found = named(Kind::Secondary, change);
        assert!(found.iter().any(|found| found == field), "change {n}: {found:?}");
    }
}

#[test]
fn a_dependent_and_a_supervisor_are_other_people() {
    let relationship: Change = |c| {
        c.patient = c.patient.take().map(|patient| Patient { relationship: "18".into(), ..patient });
    };
    assert_eq!(named(Kind::Dependent, relationship), ["patient.relationship"]);
    let himself: Change = |c| c.supervisor.as_mut().unwrap().npi = c.rendering_provider.as_ref().unwrap().npi.clone();
    assert_eq!(named(Kind::Supervised, himself), ["supervisor.npi"]);
}

#[test]
fn a_refusal_names_the_place_in_the_file_and_no_value() {
    let bad = Claim { number: "SECRET*1".into(), ..sample::claim(1) };
    let file =
        crate::file(vec![x12::claim::Batch { header: sample::header("REFUSED"), claims: vec![sample::claim(2), bad] }]);
    let refused = file.to_bytes().unwrap_err().to_string();
    assert_eq!(refused, "batches[0].claims[1].number: must have plain characters and no delimiters");
    let header = BatchHeader { reference: String::new(), ..sample::header("X") };
    assert_eq!(check::header(&header).unwrap_err().to_string(), "reference: must be given");
}

#[test]
fn a_file_has_batches_and_they_have_claims_and_references_of_their_own() {
    let batch = |reference: &str, claims| x12::claim::Batch { header: sample::header(reference), claims };
    let refused = |batches| crate::file(batches).to_bytes().err().map(|refused| refused.to_string());
    let one = || vec![sample::claim(1)];
    assert_eq!(refused(vec![batch("A", one()), batch("B", one())]), None);
    assert_eq!(refused(Vec::new()).unwrap(), "batches: must be at least one");
    let empty = refused(vec![batch("A", one()), batch("B", Vec::new())]);
    assert_eq!(empty.unwrap(), "batches[1].claims: must be at least one");
    let twice = refused(vec![batch("A", one()), batch("A", one())]).unwrap();
    assert_eq!(twice, "batches[1].header.reference: must differ from those of the other batches");
    let many = refused(vec![batch("A", vec![sample::claim(1); 5001]), batch("A-2", one())]).unwrap();
    assert_eq!(many, "batches[1].header.reference: must differ from those of the other batches");
    let mut writer = x12::claim::write::ClaimWriter::begin(sample::interchange(7)).unwrap();
    writer.begin_batch(sample::header("A")).unwrap();
    writer.write(&sample::claim(1)).unwrap();
    let twice = writer.begin_batch(sample::header("A")).unwrap_err().to_string();
    assert_eq!(twice, "reference: must differ from those of the other batches");
}

#[test]
fn a_length_that_is_refused_is_told_with_the_one_that_is_not() {
    let told = |change: Change| {
        let mut claim = sample::claim(1);
        change(&mut claim);
        check::claim(&claim).unwrap_err().to_string()
    };
    assert_eq!(told(|c| c.number = "C".repeat(21)), "number: must have 1 to 20 characters");
    assert_eq!(told(|c| c.subscriber.member_id = "W".into()), "subscriber.member_id: must have 2 to 80 characters");
    assert_eq!(told(|c| c.payer.name = "P".repeat(61)), "payer.name: must have at most 60 characters");
    assert_eq!(told(|c| c.patient_paid = Cents(10_000_000_000)), "patient_paid: must be between 0.00 and 99999999.99");
}
