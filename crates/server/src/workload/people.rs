//! Invented practices, therapists and patients. Numbers have valid check digits; names belong to nobody.

use chrono::{Datelike, NaiveDate};
use therapy_claims::clinical::v1 as clinical;
use therapy_claims::common::v1 as common;
use therapy_claims::tenancy::v1 as tenancy;

use super::catalog::{
    self, DIAGNOSES, DemoPayer, FIRST_NAMES, LAST_NAMES, PAYERS, PLACES, PRACTICE_KINDS, PRACTICE_NAMES, PRESCRIBER,
    PROFESSIONS, SECOND_DIAGNOSIS,
};
use super::draw::Draw;
use super::make::{PatientPlan, Scene, TherapistPlan, address, date};

/// Of a thousand patients, those who pay themselves.
const SELF_PAY: u64 = 350;
/// Of a thousand patients with a plan of their own, those with a second one.
const INSURED_TWICE: u64 = 100;
/// Of a thousand of those with an employer's plan first, those whose second one is Medicare, which has the disabled.
const DISABLED: u64 = 350;

pub(super) fn practice(seed: u64, index: usize) -> tenancy::Practice {
    let mut draw = Draw::new(seed, &["practice", &index.to_string()]);
    let (city, state, zip, area) = draw.pick(&PLACES);
    let name = PRACTICE_NAMES.get(index % PRACTICE_NAMES.len()).copied().unwrap_or_default();
    let kind = draw.pick(&PRACTICE_KINDS);
    // the seed and number keep the name apart from those of other runs
    let name = format!("{name} {kind} {seed}-{}", index + 1);
    tenancy::Practice {
        name,
        npi: npi(&mut draw),
        // 12 is a prefix that the tax office gives out
        tax_id: format!("12{}", draw.between(1_000_000, 9_999_999)),
        tax_id_type: tenancy::TaxIdType::Ein.into(),
        taxonomy: if index.is_multiple_of(2) { "261QM0801X" } else { "193400000X" }.to_owned(),
        phone: phone(&mut draw, area),
        contact_name: "Billing Office".to_owned(),
        time_zone: "America/New_York".to_owned(),
        address: Some(address(&mut draw, (city, state, zip), true)),
        pay_to_address: (index % 3 == 2).then(|| common::Address {
            line1: format!("PO Box {}", draw.between(100, 999)),
            ..address(&mut draw, (city, state, zip), true)
        }),
        settings: Some(tenancy::PracticeSettings {
            auto_ready: index % 3 == 1,
            part2_program: false,
            retention_years: 0,
            require_totp: false,
        }),
        ..tenancy::Practice::default()
    }
}

pub(super) fn therapists(scene: &Scene) -> Vec<TherapistPlan> {
    let mut draw = scene.draw("therapists");
    (0..scene.shape.therapists)
        .map(|at| {
            // one in eight prescribes, in practices large enough to have one
            let (taxonomy, license) = if at % 8 == 4 { PRESCRIBER } else { draw.weighted(&PROFESSIONS) };
            let mut planned = therapist(scene, &mut draw, at, taxonomy, license);
            // one in five works under the first one's supervision
            if at % 5 == 1 && taxonomy != PRESCRIBER.0 {
                planned.supervisor = Some(0);
                planned.therapist.license_level = clinical::LicenseLevel::Supervised.into();
            }
            planned
        })
        .collect()
}

pub(super) fn therapist(scene: &Scene, draw: &mut Draw, at: usize, taxonomy: &str, license: &str) -> TherapistPlan {
    let (first_name, last_name) = name(draw);
    let level = match taxonomy == PRESCRIBER.0 {
        true => clinical::LicenseLevel::Prescriber,
        false => clinical::LicenseLevel::Independent,
    };
    let therapist = clinical::Therapist {
        first_name,
        last_name,
        npi: npi(draw),
        taxonomy: taxonomy.to_owned(),
        license_number: format!("{license}-{}", draw.between(10_000, 99_999)),
        license_state: scene.state.clone(),
        license_level: level.into(),
        employed_from: Some(date(scene.beginning())),
        ..clinical::Therapist::default()
    };
    let networks = PAYERS.iter().map(|payer| payer.id).collect();
    let key = format!("p{}-t{}", scene.shape.index + 1, at + 1);
    TherapistPlan { key, therapist, supervisor: None, networks }
}

pub(super) fn patients(scene: &Scene, therapists: &[TherapistPlan]) -> Vec<PatientPlan> {
    let mut draw = scene.draw("patients");
    let mut patients = Vec::new();
    for (therapist, plan) in therapists.iter().enumerate() {
        let week = scene.sessions_of(therapist, 0);
        let caseload = if week >= 15 { 30 } else { week.max(2) };
        for _ in 0..caseload {
            let key = format!("{}-c{}", plan.key, patients.len() + 1);
            let payer = (!draw.chance(SELF_PAY)).then(|| insurer(&mut draw));
            patients.push(patient(scene, &mut draw, key, therapist, payer));
        }
    }
    patients
}

fn insurer(draw: &mut Draw) -> &'static DemoPayer {
    let mix: Vec<_> = PAYERS.iter().enumerate().map(|(at, payer)| (payer.weight, at)).collect();
    let [first, ..] = &PAYERS;
    PAYERS.get(draw.weighted(&mix)).unwrap_or(first)
}

pub(super) fn patient(
    scene: &Scene,
    draw: &mut Draw,
    key: String,
    therapist: usize,
    payer: Option<&'static DemoPayer>,
) -> PatientPlan {
    let (first_name, last_name) = name(draw);
    let is_old = payer.is_some_and(|payer| payer.filing_indicator == "MB");
    let age = if is_old { draw.between(65, 90) } else { draw.between(18, 64) };
    let birth_date = birth_date(draw, scene.day, age);
    let sex = draw.weighted(&[(60, 2), (37, 1), (3, 0)]);
    let sex = match sex {
        2 => common::Sex::Female,
        1 => common::Sex::Male,
        _ => common::Sex::Unknown,
    };
    let place = PLACES.iter().find(|place| place.1 == scene.state).copied().unwrap_or_default();
    let patient = clinical::Patient {
        first_name,
        middle_name: if draw.chance(300) { draw.pick(&["A", "J", "M", "R"]).to_owned() } else { String::new() },
        last_name,
        birth_date: Some(date(birth_date)),
        sex: sex.into(),
        address: Some(address(draw, (place.0, place.1, place.2), false)),
        phone: phone(draw, place.3),
        email: format!("{key}@patients.example.com"),
        ..clinical::Patient::default()
    };
    let mut diagnoses = vec![draw.weighted(&DIAGNOSES).to_owned()];
    if draw.chance(80) {
        diagnoses.push(SECOND_DIAGNOSIS.to_owned());
    }
    let is_medicaid = payer.is_some_and(|payer| payer.filing_indicator == "MC");
    let copay = if payer.is_none() || is_medicaid { 0 } else { draw.pick(&[0, 1_500, 2_000, 2_500, 3_000]) };
    let mut coverages: Vec<_> = payer.map(|payer| coverage(scene, draw, payer, &patient)).into_iter().collect();
    coverages.extend(payer.and_then(|payer| second(scene, &key, payer)));
    PatientPlan { key, therapist, patient, coverages, diagnoses, copay }
}

fn coverage(scene: &Scene, draw: &mut Draw, payer: &DemoPayer, patient: &clinical::Patient) -> clinical::Coverage {
    // some are insured through somebody of the family
    let is_own = payer.filing_indicator != "CI" || !draw.chance(150);
    let subscriber = (!is_own).then(|| common::Person {
        first_name: draw.pick(&FIRST_NAMES).to_owned(),
        last_name: patient.last_name.clone(),
        birth_date: Some(date(birth_date(draw, scene.day, 45))),
        sex: common::Sex::Female.into(),
        address: patient.address.clone(),
    });
    let relationship = if is_own { clinical::Relationship::Self_ } else { clinical::Relationship::Spouse };
    clinical::Coverage {
        relationship: relationship.into(),
        subscriber,
        sequence: clinical::PayerSequence::Primary.into(),
        ..plan(scene, draw, payer)
    }
}

fn plan(scene: &Scene, draw: &mut Draw, payer: &DemoPayer) -> clinical::Coverage {
    clinical::Coverage {
        payer_id: payer.id.to_owned(),
        member_id: format!("{}{}", draw.pick(&["W", "X", "Z"]), draw.digits(9)),
        group_number: if payer.needs_group_number { format!("GRP{}", draw.between(100, 999)) } else { String::new() },
        filing_indicator: payer.filing_indicator.to_owned(),
        effective_from: Some(date(scene.beginning())),
        ..clinical::Coverage::default()
    }
}

/// The plan that pays what the first one leaves.
fn second(scene: &Scene, key: &str, first: &DemoPayer) -> Option<clinical::Coverage> {
    let mut draw = scene.draw(&format!("second plan of {key}"));
    if !draw.chance(INSURED_TWICE) {
        return None;
    }
    let payer = match first.filing_indicator {
        "CI" if draw.chance(DISABLED) => "99903",
        "CI" | "MB" => "99902",
        "BL" => "99901",
        _ => return None,
    };
    let payer = catalog::payer(payer)?;
    // whose first plan is not Medicare's is too young for Medicare by age
    let reason = match payer.filing_indicator {
        "MB" => clinical::MedicareSecondaryReason::Disabled,
        _ => clinical::MedicareSecondaryReason::Unspecified,
    };
    Some(clinical::Coverage {
        relationship: clinical::Relationship::Self_.into(),
        sequence: clinical::PayerSequence::Secondary.into(),
        medicare_secondary_reason: reason.into(),
        ..plan(scene, &mut draw, payer)
    })
}

fn birth_date(draw: &mut Draw, day: NaiveDate, age: i64) -> NaiveDate {
    let year = day.year() - i32::try_from(age).unwrap_or(40) - 1;
    let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or(day);
    first.checked_add_signed(chrono::TimeDelta::days(draw.between(0, 364))).unwrap_or(first)
}

fn name(draw: &mut Draw) -> (String, String) {
    (draw.pick(&FIRST_NAMES).to_owned(), draw.pick(&LAST_NAMES).to_owned())
}

/// A number of the range that is set aside for fiction.
fn phone(draw: &mut Draw, area: &str) -> String {
    format!("{area}55501{:02}", draw.between(0, 99))
}

/// Ten digits with a fitting check digit.
pub(super) fn npi(draw: &mut Draw) -> String {
    let body = format!("1{}", draw.digits(8));
    let digits = body.bytes().map(|byte| u32::from(byte - b'0'));
    // Luhn's formula behind the prefix 80840, which adds 24
    let sum = digits.enumerate().fold(24, |sum, (at, digit)| {
        let weighed = if at % 2 == 0 { 2 * digit } else { digit };
        sum + weighed / 10 + weighed % 10
    });
    format!("{body}{}", (10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_fits() {
        let mut draw = Draw::new(1, &["npi"]);
        for _ in 0..1000 {
            let npi = npi(&mut draw);
            assert_eq!(npi.len(), 10);
            let sum = npi.bytes().rev().enumerate().fold(24, |sum, (at, byte)| {
                let digit = u32::from(byte - b'0') * if at % 2 == 1 { 2 } else { 1 };
                sum + digit / 10 + digit % 10
            });
            assert_eq!(sum % 10, 0, "{npi}");
        }
    }

    #[test]
    fn a_practice_is_the_same_every_time() {
        assert_eq!(practice(3, 1), practice(3, 1));
        assert_ne!(practice(3, 1).npi, practice(4, 1).npi);
        let address = practice(3, 1).address.unwrap();
        assert_eq!(address.zip_code.len(), 9);
    }
}
