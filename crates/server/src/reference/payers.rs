//! What a payer list must look like.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use claims::rules::{BadPattern, MemberIdPattern};
use kernel::Violations;
use serde_json::{Map, Value};

/// The fields of a payer; the first four are required.
const FIELDS: [&str; 6] = ["payer_id", "name", "filing_indicator", "valid_from", "valid_to", "profiles"];

/// The fields of a profile beside its days. A payer with one profile for all its days has them itself.
const PROFILE: [&str; 15] = [
    "needs_group_number",
    "timely_filing_days",
    "telehealth_pos",
    "telehealth_modifier",
    "audio_modifier",
    "forbids_telehealth_in_office",
    "wants_supervisor",
    "wants_taxonomy",
    "in_network_only",
    "takes_replacements",
    "needs_zip4",
    "member_id_pattern",
    "authorization_codes",
    "unit_caps",
    "evaluation_months",
];

/// Those of them that are true or false.
const FLAGS: [&str; 7] = [
    "needs_group_number",
    "forbids_telehealth_in_office",
    "wants_supervisor",
    "wants_taxonomy",
    "in_network_only",
    "takes_replacements",
    "needs_zip4",
];

/// Characters of NM109 and of NM103, where X12 puts a payer's id and name.
const ID_MAX: usize = 80;
const NAME_MAX: usize = 60;
const FILING_DAYS: std::ops::RangeInclusive<i64> = 1..=3650;

pub(super) fn check(v: &mut Violations, rows: &[Map<String, Value>]) {
    let mut seen = BTreeSet::new();
    for (index, row) in rows.iter().enumerate() {
        let place = format!("[{index}].");
        v.set_prefix(&place);
        let has_profiles = is_given(row, "profiles");
        for field in row.keys().map(String::as_str).filter(|field| !FIELDS.contains(field)) {
            if !PROFILE.contains(&field) {
                v.add(field, "is no field of a payer");
            } else if has_profiles {
                v.add(field, "belongs in profiles, where there are any");
            }
        }
        let id = text(v, row, "payer_id", ID_MAX);
        if id.is_some() && !seen.insert(id) {
            v.add("payer_id", "is in the file twice");
        }
        text(v, row, "name", NAME_MAX);
        if row.get("filing_indicator").and_then(Value::as_str).is_none_or(|code| !is_code(code, 1..=2)) {
            v.add("filing_indicator", "must be the X12 claim filing indicator: one or two capital letters or digits");
        }
        span(v, row);
        if has_profiles {
            profiles(v, row, &place);
        } else {
            profile(v, row);
        }
    }
}

/// The days of a payer or a profile.
fn span(v: &mut Violations, row: &Map<String, Value>) -> Option<(NaiveDate, NaiveDate)> {
    let first = date(v, row, "valid_from");
    if first.is_none() && !is_given(row, "valid_from") {
        v.add("valid_from", "is required");
    }
    let last = date(v, row, "valid_to");
    if let (Some(first), Some(last)) = (first, last)
        && last < first
    {
        v.add("valid_to", "must not be before valid_from");
    }
    first.map(|first| (first, last.unwrap_or(NaiveDate::MAX)))
}

/// What the payer expects at different times.
fn profiles(v: &mut Violations, row: &Map<String, Value>, place: &str) {
    let Some(profiles) = row.get("profiles").and_then(Value::as_array).filter(|profiles| !profiles.is_empty()) else {
        v.add("profiles", "must be a list of profiles");
        return;
    };
    let mut spans: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    for (index, given) in profiles.iter().enumerate() {
        v.set_prefix(&format!("{place}profiles[{index}]."));
        let Some(given) = given.as_object() else {
            v.add("", "must be an object");
            continue;
        };
        let is_known = |field: &str| PROFILE.contains(&field) || matches!(field, "valid_from" | "valid_to");
        for field in given.keys().filter(|field| !is_known(field)) {
            v.add(field, "is no field of a profile");
        }
        if let Some((first, last)) = span(v, given) {
            if spans.iter().any(|(from, to)| first <= *to && *from <= last) {
                v.add("valid_from", "is in the time of an earlier profile");
            }
            spans.push((first, last));
        }
        profile(v, given);
    }
    v.set_prefix(place);
}

/// What the payer expects of claims; all of it may be left out.
fn profile(v: &mut Violations, row: &Map<String, Value>) {
    let is = |field: &str, fits: &dyn Fn(&Value) -> bool| !is_given(row, field) || row.get(field).is_some_and(fits);
    for flag in FLAGS {
        if !is(flag, &Value::is_boolean) {
            v.add(flag, "must be true or false");
        }
    }
    let within = |range: std::ops::RangeInclusive<i64>| {
        move |value: &Value| value.as_i64().is_some_and(|number| range.contains(&number))
    };
    if !is("timely_filing_days", &within(FILING_DAYS)) {
        v.add("timely_filing_days", "must be a whole number of days, 1 to 3650");
    }
    if !is("telehealth_pos", &|pos| {
        pos.as_str().is_some_and(|pos| pos.len() == 2 && pos.bytes().all(|b| b.is_ascii_digit()))
    }) {
        v.add("telehealth_pos", "must be a place of service: two digits");
    }
    for field in ["telehealth_modifier", "audio_modifier"] {
        if !is(field, &|modifier| modifier.as_str().is_some_and(|modifier| is_code(modifier, 2..=2))) {
            v.add(field, "must be a modifier: two capital letters or digits");
        }
    }
    if !is("member_id_pattern", &|text| text.as_str().is_some_and(|text| MemberIdPattern::new(text).is_ok())) {
        v.add("member_id_pattern", &BadPattern.to_string());
    }
    let is_procedure = |code: &str| is_code(code, 5..=5);
    if !is("authorization_codes", &|codes| {
        codes.as_array().is_some_and(|codes| codes.iter().all(|code| code.as_str().is_some_and(is_procedure)))
    }) {
        v.add("authorization_codes", "must be a list of procedure codes");
    }
    let is_cap = within(1..=9999);
    if !is("unit_caps", &|caps| {
        caps.as_object().is_some_and(|caps| caps.iter().all(|(code, cap)| is_procedure(code) && is_cap(cap)))
    }) {
        v.add("unit_caps", "must be an object of procedure codes with their units, 1 to 9999");
    }
    if !is("evaluation_months", &within(0..=120)) {
        v.add("evaluation_months", "must be a whole number of months, 0 to 120");
    }
}

/// Null is as good as left out.
fn is_given(row: &Map<String, Value>, field: &str) -> bool {
    row.get(field).is_some_and(|value| !value.is_null())
}

fn is_code(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// A required text, as it is: it is stored without being changed.
fn text<'a>(v: &mut Violations, row: &'a Map<String, Value>, field: &str, max: usize) -> Option<&'a str> {
    let Some(text) = row.get(field).and_then(Value::as_str) else {
        v.add(field, if is_given(row, field) { "must be a text" } else { "is required" });
        return None;
    };
    if v.text(field, text, max) != text {
        v.add(field, "must not begin or end with spaces");
    }
    Some(text)
}

fn date(v: &mut Violations, row: &Map<String, Value>, field: &str) -> Option<NaiveDate> {
    let value = row.get(field).filter(|value| !value.is_null())?;
    let date = value.as_str().filter(|text| text.len() == 10).and_then(|text| text.parse().ok());
    if date.is_none() {
        v.add(field, "must be a date in the form 2026-01-31");
    }
    date
}

#[cfg(test)]
mod tests {
    use super::super::{Error, Kind};

    #[test]
    fn the_shipped_list_has_no_mistakes() {
        Kind::Payers.check(include_str!("../../data/payers.json")).unwrap();
    }

    #[test]
    fn every_mistake_is_named_by_row_and_field() {
        let text = r#"[
          {"payer_id": "1", "name": "One", "filing_indicator": "CI", "valid_from": "2020-01-01"},
          {"payer_id": "1", "name": " Two", "filing_indicator": "ci", "valid_from": "2020-02-30", "colour": "red"},
          {"payer_id": 7, "name": "", "filing_indicator": null, "valid_to": "soon", "needs_group_number": "yes",
           "timely_filing_days": 0, "telehealth_pos": "1", "telehealth_modifier": "9"},
          {"payer_id": "4", "name": "Four", "filing_indicator": "ZZ", "valid_from": "2020-01-02", "valid_to": "2020-01-01",
           "timely_filing_days": 90.5}
        ]"#;
        let Err(Error::Mistakes { list, .. }) = Kind::Payers.check(text) else { panic!("must be refused") };
        insta::assert_snapshot!(list);
    }

    #[test]
    fn profiles_of_different_times_are_checked_each_and_must_not_overlap() {
        let text = r#"[{"payer_id": "1", "name": "One", "filing_indicator": "CI", "valid_from": "2020-01-01",
          "profiles": [
            {"valid_from": "2020-01-01", "valid_to": "2025-12-31", "member_id_pattern": "W[0-9]{9}",
             "authorization_codes": ["90837"], "unit_caps": {"96127": 4}, "evaluation_months": 12},
            {"valid_from": "2025-12-31", "member_id_pattern": "(", "authorization_codes": ["9083"], "unit_caps": {"96127": 0},
             "evaluation_months": 121, "needs_zip4": 1, "audio_modifier": "9", "colour": "red"},
            {"valid_to": "2030-01-01"}],
          "wants_taxonomy": true}]"#;
        let Err(Error::Mistakes { list, .. }) = Kind::Payers.check(text) else { panic!("must be refused") };
        insta::assert_snapshot!(list);
    }

    #[test]
    fn what_is_no_array_of_objects_is_refused_with_its_line() {
        for (text, place) in [("[\n{]", "line 2 column 2"), ("{}", "line 1 column 0"), ("[\n\n7]", "line 3 column 1")] {
            let Err(Error::Form(error)) = Kind::Payers.check(text) else { panic!("{text} must be refused") };
            assert!(error.to_string().ends_with(place), "{error}");
        }
    }
}
