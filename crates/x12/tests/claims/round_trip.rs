//! Written files, looked at from outside and read again.

use std::sync::Arc;

use proptest::prelude::*;
use x12::Event;
use x12::claim::read::{ClaimPart, claims};
use x12::claim::write::ClaimWriter;
use x12::claim::{Address, Batch, Claim, ClaimFile, Name};

use crate::{content, every_kind, file, read, sample, strategy};

/// The minimal file: telehealth, the patient being the subscriber.
const MINIMAL: &str = "\
ST*837*0001*005010X222A1~BHT*0019*00*B7K2M9Q4*20261123*0142*CH~
NM1*41*2*EXAMPLE PLATFORM INC*****46*SUBMIT01~PER*IC*EDI SUPPORT*TE*6175550100~NM1*40*2*EXAMPLE CLEARINGHOUSE*****46*RECV01~
HL*1**20*1~PRV*BI*PXC*261QM0801X~NM1*85*2*HARBOR THERAPY GROUP*****XX*1999999984~N3*500 CLINIC WAY~N4*BOSTON*MA*021180001~REF*EI*123456789~
HL*2*1*22*0~SBR*P*18*GRP100******CI~NM1*IL*1*DOE*JANE****MI*W123456789~N3*1 MAIN ST~N4*BOSTON*MA*02118~DMG*D8*19900115*F~NM1*PR*2*EXAMPLE PAYER*****PI*60054~
CLM*C7K2M9Q4XA01*150***10:B:1*Y*A*Y*Y~HI*ABK:F411~NM1*82*1*SMITH*ALICE****XX*1234567893~PRV*PE*PXC*1041C0700X~
LX*1~SV1*HC:90837:95*150*UN*1***1~DTP*472*D8*20261120~REF*6R*C7K2M9Q4XA01L1~SE*27*0001~";

#[test]
fn the_minimal_claim_is_the_one_of_the_guide() {
    let mut claim = sample::claim_of(sample::Kind::Telehealth, 1);
    Arc::make_mut(&mut claim.billing_provider).npi = "1999999984".into();
    claim.subscriber.group_number = "GRP100".into();
    claim.subscriber.name = Name { last: "DOE".into(), first: "JANE".into(), ..Name::default() };
    claim.subscriber.member_id = "W123456789".into();
    claim.number = "C7K2M9Q4XA01".into();
    claim.trace = String::new();
    claim.diagnoses = vec!["F411".into()];
    for line in &mut claim.lines {
        line.modifiers = vec!["95".into()];
        line.diagnosis_pointers = vec![1];
        line.control_number = "C7K2M9Q4XA01L1".into();
        line.service_date = chrono::NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
    }
    let bytes = file(vec![Batch { header: sample::header("B7K2M9Q4"), claims: vec![claim] }]).to_bytes().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let set = text.split_once("~ST*").and_then(|(_, rest)| rest.split_once("GE*")).unwrap().0;
    assert_eq!(format!("ST*{set}").replace('~', "~\n"), MINIMAL.replace('\n', "").replace('~', "~\n"));
}

#[test]
fn every_kind_of_claim_is_read_as_it_was_written() {
    let file = file(vec![Batch { header: sample::header("KINDS"), claims: every_kind() }]);
    let bytes = file.to_bytes().unwrap();
    assert_eq!(content::fault(std::str::from_utf8(&bytes).unwrap()), None);
    assert_eq!(read(&bytes).unwrap(), file.batches);
}

#[test]
fn a_claim_file_survives_json() {
    let file = file(vec![Batch { header: sample::header("JSON"), claims: every_kind() }]);
    let json = serde_json::to_string(&file).unwrap();
    assert!(json.contains("\"total\":\"150.00\"") && json.contains("\"frequency\":\"7\""));
    assert_eq!(serde_json::from_str::<ClaimFile>(&json).unwrap(), file);
    let unknown = json.replacen("\"diagnoses\"", "\"diagnosis\"", 1);
    assert!(serde_json::from_str::<ClaimFile>(&unknown).is_err(), "a misspelt field must not be lost");
}

#[test]
fn people_stand_once_above_their_claims() {
    let mut claims: Vec<_> = (1..=3).flat_map(|n| [sample::claim(n), sample::claim(n)]).collect();
    let dependent = sample::claim_of(sample::Kind::Dependent, 9);
    claims.extend([dependent.clone(), dependent]);
    let batch = Batch { header: sample::header("ONCE"), claims };
    let text = String::from_utf8(file(vec![batch]).to_bytes().unwrap()).unwrap();
    let count = |segment: &str| text.matches(segment).count();
    assert_eq!((count("~NM1*85"), count("~NM1*IL"), count("~PAT*"), count("~CLM*")), (1, 4, 1, 8));
    assert!(text.contains("~HL*5*1*22*1~") && text.contains("~HL*6*5*23*0~"));
}

#[test]
fn a_patient_with_more_than_a_hundred_claims_gets_another_level() {
    for kind in [sample::Kind::InPerson, sample::Kind::Dependent] {
        let claims = vec![sample::claim_of(kind, 1); 250];
        let file = file(vec![Batch { header: sample::header("MANY"), claims }]);
        let bytes = file.to_bytes().unwrap();
        assert_eq!(content::fault(std::str::from_utf8(&bytes).unwrap()), None);
        assert_eq!(read(&bytes).unwrap(), file.batches);
        let level = if kind == sample::Kind::Dependent { "*23*0~" } else { "*22*0~" };
        assert_eq!(String::from_utf8(bytes).unwrap().matches(level).count(), 3);
    }
}

#[test]
fn a_full_set_is_followed_by_another_with_its_own_reference() {
    let mut writer = ClaimWriter::begin(sample::interchange(7)).unwrap().with_claims_per_set(2);
    writer.begin_batch(sample::header("BIG")).unwrap();
    let sets: Vec<_> = (1..=5).map(|n| writer.write(&sample::claim(n)).unwrap().set_control_number).collect();
    writer.begin_batch(sample::header("NEXT")).unwrap();
    assert_eq!(writer.write(&sample::claim(6)).unwrap().set_control_number, 4);
    let bytes = writer.finish();
    assert_eq!(sets, [1, 1, 2, 2, 3]);
    assert_eq!(content::fault(std::str::from_utf8(&bytes).unwrap()), None);
    let references: Vec<_> = read(&bytes).unwrap().into_iter().map(|batch| batch.header.reference).collect();
    assert_eq!(references, ["BIG", "BIG-2", "BIG-3", "NEXT"]);
}

#[test]
fn a_placement_is_where_the_reader_finds_the_claim() {
    let mut writer = ClaimWriter::begin(sample::interchange(7)).unwrap();
    writer.begin_batch(sample::header("PLACES")).unwrap();
    let written: Vec<_> =
        every_kind().iter().map(|claim| u64::from(writer.write(claim).unwrap().first_segment)).collect();
    let bytes = writer.finish();
    let found: Vec<_> = claims(bytes.as_slice())
        .filter_map(|event| match event {
            Ok(Event::Part(ClaimPart::Claim { at, .. })) => Some(at.in_set),
            _ => None,
        })
        .collect();
    assert_eq!(written, found);
}

#[test]
fn nothing_of_a_refused_claim_is_written() {
    let mut writer = ClaimWriter::begin(sample::interchange(7)).unwrap();
    let refused = writer.write(&sample::claim(1)).unwrap_err();
    assert_eq!(refused.to_string(), "batch: must be begun before its claims");
    writer.begin_batch(sample::header("REFUSED")).unwrap();
    let before = writer.pending();
    let bad = Claim { number: "N*1".into(), diagnoses: Vec::new(), ..sample::claim(1) };
    let fields: Vec<_> = writer.write(&bad).unwrap_err().0.into_iter().map(|violation| violation.field).collect();
    assert_eq!(fields, ["number", "diagnoses", "lines[0].diagnosis_pointers"]);
    assert_eq!(writer.pending(), before);
}

#[test]
fn names_are_written_in_plain_letters() {
    let mut claim = sample::claim(1);
    claim.subscriber.name = Name { last: "Muñoz-Łaska".into(), first: "Zoë".into(), ..Name::default() };
    let street = Address { line1: "5 Main St*~:^ Apt 2".into(), ..claim.billing_provider.address.clone() };
    claim.subscriber.address = Some(street);
    let batch = Batch { header: sample::header("PLAIN"), claims: vec![claim] };
    let text = String::from_utf8(file(vec![batch]).to_bytes().unwrap()).unwrap();
    assert!(text.contains("~NM1*IL*1*Munoz-Laska*Zoe****MI*W000000001~N3*5 Main St     Apt 2~"), "{text}");
}

#[test]
fn debug_shows_nothing_about_people() {
    let file = file(vec![Batch { header: sample::header("DEBUG"), claims: every_kind() }]);
    let claims = every_kind();
    let mut shown = format!("{file:?} {claims:?}");
    for claim in &claims {
        shown += &format!("{:?}{:?}{:?}{:?}", claim.subscriber, claim.patient, claim.billing_provider, claim.payer);
        shown += &format!("{:?}{:?}{:?}", claim.lines, claim.other_payers, claim.rendering_provider);
        shown += &format!("{:?}{:?}", claim.subscriber.name, claim.subscriber.address);
    }
    for secret in ["DOE", "JANE", "SMITH", "1990", "W0000", "F411", "90837", "MAIN", "HARBOR", "1234567"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_claims_are_read_as_they_were_written(batches in strategy::batches()) {
        let file = file(batches);
        let bytes = file.to_bytes().map_err(|refused| TestCaseError::fail(refused.to_string()))?;
        prop_assert_eq!(content::fault(std::str::from_utf8(&bytes).unwrap()), None);
        prop_assert_eq!(read(&bytes).map_err(|fault| TestCaseError::fail(fault.to_string()))?, file.batches);
    }

    #[test]
    fn a_damaged_file_is_refused_or_read_but_never_panics(
        batches in strategy::batches(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let mut bytes = file(batches).to_bytes().unwrap();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let _read = read(&bytes);
    }
}
