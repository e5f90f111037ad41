//! Values in the form that payers expect: another spelling with the same meaning, and a record of each.
//!
//! Only what changes nothing clinical and no identity: points, hyphens, punctuation of phone numbers, spaces around a
//! text, small letters of a code. What is still wrong afterwards is the rules' to say.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::snapshot::{Address, ClaimSnapshot, Person};

/// One value that was written in another form. Names the field, never a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// Upper snake case; part of the API.
    pub code: Cow<'static, str>,
    /// Path in the claim snapshot, as of findings.
    pub field: Cow<'static, str>,
}

/// A diagnosis without its point, in capital letters.
pub const DIAGNOSIS: &str = "REPAIRED_DIAGNOSIS";
/// A ZIP code without its hyphen.
pub const ZIP: &str = "REPAIRED_ZIP";
/// A phone number as its ten digits.
pub const PHONE: &str = "REPAIRED_PHONE";
/// A tax id as its nine digits.
pub const TAX_ID: &str = "REPAIRED_TAX_ID";
/// A text without the spaces around it.
pub const SPACES: &str = "REPAIRED_SPACES";

/// Puts the values in the expected form and writes down which it changed, in the order of the fields.
pub fn repair(snapshot: &mut ClaimSnapshot) {
    let mut done = Repairs(Vec::new());
    let ClaimSnapshot { billing_provider: practice, rendering_provider: therapist, patient, claim, .. } = snapshot;
    for (text, field) in [
        (&mut practice.name, "billing_provider.name"),
        (&mut practice.npi, "billing_provider.npi"),
        (&mut practice.taxonomy, "billing_provider.taxonomy"),
        (&mut practice.contact_name, "billing_provider.contact_name"),
        (&mut therapist.first_name, "rendering_provider.first_name"),
        (&mut therapist.last_name, "rendering_provider.last_name"),
        (&mut therapist.npi, "rendering_provider.npi"),
        (&mut therapist.taxonomy, "rendering_provider.taxonomy"),
        (&mut claim.prior_authorization, "prior_authorization"),
    ] {
        done.put(SPACES, field, text, trimmed);
    }
    done.put(TAX_ID, "billing_provider.tax_id", &mut practice.tax_id, tax_id);
    done.put(PHONE, "billing_provider.phone", &mut practice.phone, phone);
    done.address("billing_provider.address", &mut practice.address);
    if let Some(address) = &mut practice.pay_to_address {
        done.address("billing_provider.pay_to_address", address);
    }
    done.person("patient", patient);
    if let Some(subscriber) = &mut snapshot.subscriber {
        done.person("subscriber", subscriber);
    }
    if let Some(coverage) = &mut snapshot.coverage {
        done.put(SPACES, "coverage.member_id", &mut coverage.member_id, trimmed);
        done.put(SPACES, "coverage.group_number", &mut coverage.group_number, trimmed);
    }
    for (at, code) in snapshot.claim.diagnosis_codes.iter_mut().enumerate() {
        done.put(DIAGNOSIS, format!("diagnosis_codes[{at}]"), code, diagnosis);
    }
    snapshot.repairs = done.0;
}

struct Repairs(Vec<Repair>);

impl Repairs {
    /// `to` answers the expected form, or nothing when the text has it or can't have it.
    fn put(
        &mut self,
        code: &'static str,
        field: impl Into<Cow<'static, str>>,
        text: &mut String,
        to: fn(&str) -> Option<String>,
    ) {
        if let Some(repaired) = to(text).filter(|repaired| repaired != text) {
            *text = repaired;
            self.0.push(Repair { code: Cow::Borrowed(code), field: field.into() });
        }
    }

    fn person(&mut self, field: &str, person: &mut Person) {
        self.put(SPACES, format!("{field}.first_name"), &mut person.first_name, trimmed);
        self.put(SPACES, format!("{field}.last_name"), &mut person.last_name, trimmed);
        self.address(&format!("{field}.address"), &mut person.address);
    }

    fn address(&mut self, field: &str, address: &mut Address) {
        let Address { line1, line2, city, state, zip_code } = address;
        for (text, part) in [(line1, "line1"), (line2, "line2"), (city, "city"), (state, "state")] {
            self.put(SPACES, format!("{field}.{part}"), text, trimmed);
        }
        self.put(ZIP, format!("{field}.zip_code"), zip_code, zip);
    }
}

fn trimmed(text: &str) -> Option<String> {
    let trimmed = text.trim();
    (trimmed.len() < text.len()).then(|| trimmed.to_owned())
}

/// Three to seven characters, whose only punctuation is the point after the third.
fn diagnosis(text: &str) -> Option<String> {
    let text = text.trim();
    let code = match text.split_once('.') {
        Some((category, detail)) if category.len() == 3 && !detail.is_empty() => [category, detail].concat(),
        Some(_) => return None,
        None => text.to_owned(),
    };
    let is_plain = (3..=7).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_plain.then(|| code.to_ascii_uppercase())
}

/// Five digits, or nine with or without a hyphen.
fn zip(text: &str) -> Option<String> {
    let digits = match text.trim().split_once('-') {
        Some((five, four)) if five.len() == 5 && four.len() == 4 => [five, four].concat(),
        Some(_) => return None,
        None => text.trim().to_owned(),
    };
    (matches!(digits.len(), 5 | 9) && is_number(&digits)).then_some(digits)
}

/// Ten digits, after a country code or not, with the usual punctuation.
fn phone(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !" -().+".contains(*c)).collect();
    let number = if digits.len() == 11 { digits.strip_prefix('1')? } else { &digits };
    (number.len() == 10 && is_number(number)).then(|| number.to_owned())
}

/// Nine digits: an employer's with one hyphen, a person's with two.
fn tax_id(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = text.replace('-', "");
    let is_formed = digits.len() == 9 && text.len() <= 11 && is_number(&digits);
    is_formed.then_some(digits)
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::bench::{Bench, clean_snapshot};

    /// A form, what it makes of texts, and texts that it leaves alone.
    type Example<'a> = (fn(&str) -> Option<String>, &'a [(&'a str, &'a str)], &'a [&'a str]);

    #[test]
    fn each_form_is_repaired_or_left_alone() {
        let forms: [Example<'_>; 5] = [
            (
                diagnosis,
                &[("F41.1", "F411"), (" f41.1 ", "F411"), ("f32a", "F32A")],
                &["F4.11", "F41.", "F.411", "F4-11", "", "F41.11111"],
            ),
            (zip, &[("02118-0001", "021180001"), (" 02118", "02118")], &["2118", "0211-80001", "02118-", "O2118"]),
            (
                phone,
                &[("(617) 555-0100", "6175550100"), ("+1 617.555.0100", "6175550100")],
                &["617555010", "2 617 555 0100", "617555010x", ""],
            ),
            (
                tax_id,
                &[("12-3456789", "123456789"), ("123-45-6789", "123456789")],
                &["12-345678", "1-2-3-4-5-6-7-8-9", "12-345678X", ""],
            ),
            (trimmed, &[(" Ann ", "Ann")], &["Ann", "", "A nn"]),
        ];
        for (form, right, wrong) in forms {
            for (text, expected) in right {
                assert_eq!(form(text).as_deref(), Some(*expected), "{text}");
            }
            for text in wrong {
                assert_eq!(form(text), None, "{text}");
            }
        }
    }

    #[test]
    fn every_repair_is_written_down_and_names_no_value() {
        let mut snapshot = clean_snapshot();
        snapshot.patient.last_name = " Quill".into();
        snapshot.patient.address.zip_code = "02118-0001".into();
        snapshot.billing_provider.phone = "(617) 555-0100".into();
        repair(&mut snapshot);
        let done: Vec<_> = snapshot.repairs.iter().map(|r| format!("{} {}", r.code, r.field)).collect();
        assert_eq!(
            done,
            [
                "REPAIRED_TAX_ID billing_provider.tax_id",
                "REPAIRED_PHONE billing_provider.phone",
                "REPAIRED_SPACES patient.last_name",
                "REPAIRED_ZIP patient.address.zip_code",
                "REPAIRED_DIAGNOSIS diagnosis_codes[0]",
                "REPAIRED_DIAGNOSIS diagnosis_codes[1]",
            ]
        );
        assert_eq!(snapshot.claim.diagnosis_codes, ["F411", "F331"]);
        assert_eq!(snapshot.patient.last_name, "Quill");
    }

    #[test]
    fn a_repaired_claim_is_as_clean_as_before_and_needs_no_more() {
        let mut bench = Bench::clean();
        repair(&mut bench.snapshot);
        assert_eq!(bench.findings(), []);
        let once = bench.snapshot.clone();
        repair(&mut bench.snapshot);
        assert_eq!(bench.snapshot.repairs, []);
        assert_eq!(bench.snapshot.claim.diagnosis_codes, once.claim.diagnosis_codes);
    }

    proptest! {
        #[test]
        fn a_repair_keeps_letters_and_digits(text in "\\PC{0,14}") {
            let kept = |text: &str| -> String {
                text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
            };
            for form in [diagnosis, zip, tax_id, trimmed] {
                if let Some(repaired) = form(&text) {
                    prop_assert_eq!(kept(&repaired), kept(&text));
                }
            }
            let _ = phone(&text);
        }
    }
}
