//! Addresses and phone numbers of the United States.

use super::text::zip_digits;
use super::{Case, Report};
use crate::snapshot::Address;

/// Whether a line of an address names a box instead of a street.
pub(super) fn is_box(line: &str) -> bool {
    let mut before = ["", ""];
    for word in line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
        let is_number = word.starts_with(|c: char| c.is_ascii_digit());
        let [two, one] = before;
        let is_post = is(one, "po") || (is(two, "p") && is(one, "o")) || (is(two, "post") && is(one, "office"));
        let opens_box = is(word, "box") || is(word, "drawer");
        if is(word, "pobox")
            || is(word, "pob")
            || is(word, "lockbox")
            || (is(one, "lock") && is(word, "box"))
            || (is_post && opens_box)
            || ((is(one, "po") || is(two, "p") && is(one, "o")) && is_number)
            || (is(one, "pmb") && is_number)
        {
            return true;
        }
        before = [one, word];
    }
    false
}

pub(super) fn states_and_zips(case: &Case<'_>, report: &mut Report<'_>) {
    let snapshot = case.snapshot;
    let practice = &snapshot.billing_provider;
    let addresses: [(Option<&Address>, &str); 4] = [
        (Some(&practice.address), "billing_provider.address"),
        (practice.pay_to_address.as_ref(), "billing_provider.pay_to_address"),
        (Some(&snapshot.patient.address), "patient.address"),
        (snapshot.subscriber.as_ref().map(|subscriber| &subscriber.address), "subscriber.address"),
    ];
    for (address, field) in addresses {
        let Some(Address { state, zip_code, .. }) = address else { continue };
        if !state.is_empty() && !case.codes.is_state(state) {
            report.at(format!("{field}.state"));
        }
        if !zip_code.is_empty() && zip_digits(zip_code).is_none() {
            report.at(format!("{field}.zip_code"));
        }
    }
}

/// Ten digits of the North American plan, with the usual punctuation and country code allowed.
pub(super) fn is_phone(text: &str) -> bool {
    let mut digits = [0; 11];
    let mut used = 0;
    for byte in text.bytes().filter(|byte| !b" -().+".contains(byte)) {
        let Some(place) = digits.get_mut(used).filter(|_| byte.is_ascii_digit()) else { return false };
        *place = byte;
        used += 1;
    }
    let number = match (used, &digits) {
        (10, [number @ .., _]) | (11, [b'1', number @ ..]) => number,
        _ => return false,
    };
    let opens = |digit: Option<&u8>| digit.is_some_and(|digit| *digit >= b'2');
    opens(number.first()) && opens(number.get(3))
}
