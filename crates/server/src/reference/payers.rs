//! What a payer list must look like.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use kernel::Violations;
use serde_json::{Map, Value};

/// The fields of a row; the first four are required.
const FIELDS: [&str; 9] = [
    "payer_id",
    "name",
    "filing_indicator",
    "valid_from",
    "valid_to",
    "needs_group_number",
    "timely_filing_days",
    "telehealth_pos",
    "telehealth_modifier",
];

/// Characters of NM109 and of NM103, where X12 puts a payer's id and name.
const ID_MAX: usize = 80;
const NAME_MAX: usize = 60;
const FILING_DAYS: std::ops::RangeInclusive<i64> = 1..=3650;

pub(super) fn check(v: &mut Violations, rows: &[Map<String, Value>]) {
    let mut seen = BTreeSet::new();
    for (index, row) in rows.iter().enumerate() {
        v.set_prefix(&format!("[{index}]."));
        for field in row.keys().filter(|field| !FIELDS.contains(&field.as_str())) {
            v.add(field, "is no field of a payer");
        }
        let id = text(v, row, "payer_id", ID_MAX);
        if id.is_some() && !seen.insert(id) {
            v.add("payer_id", "is in the file twice");
        }
        text(v, row, "name", NAME_MAX);
        if row.get("filing_indicator").and_then(Value::as_str).is_none_or(|code| !is_code(code, 1..=2)) {
            v.add("filing_indicator", "must be the X12 claim filing indicator: one or two capital letters or digits");
        }
        let first = date(v, row, "valid_from");
        if first.is_none() && !is_given(row, "valid_from") {
            v.add("valid_from", "is required");
        }
        if let (Some(first), Some(last)) = (first, date(v, row, "valid_to"))
            && last < first
        {
            v.add("valid_to", "must not be before valid_from");
        }
        profile(v, row);
    }
}

/// What the payer expects of claims; all of it may be left out.
fn profile(v: &mut Violations, row: &Map<String, Value>) {
    let is = |field: &str, fits: &dyn Fn(&Value) -> bool| !is_given(row, field) || row.get(field).is_some_and(fits);
    if !is("needs_group_number", &Value::is_boolean) {
        v.add("needs_group_number", "must be true or false");
    }
    if !is("timely_filing_days", &|days| days.as_i64().is_some_and(|days| FILING_DAYS.contains(&days))) {
        v.add("timely_filing_days", "must be a whole number of days, 1 to 3650");
    }
    if !is("telehealth_pos", &|pos| {
        pos.as_str().is_some_and(|pos| pos.len() == 2 && pos.bytes().all(|b| b.is_ascii_digit()))
    }) {
        v.add("telehealth_pos", "must be a place of service: two digits");
    }
    if !is("telehealth_modifier", &|modifier| modifier.as_str().is_some_and(|modifier| is_code(modifier, 2..=2))) {
        v.add("telehealth_modifier", "must be a modifier: two capital letters or digits");
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
    fn what_is_no_array_of_objects_is_refused_with_its_line() {
        for (text, place) in [("[\n{]", "line 2 column 2"), ("{}", "line 1 column 0"), ("[\n\n7]", "line 3 column 1")] {
            let Err(Error::Form(error)) = Kind::Payers.check(text) else { panic!("{text} must be refused") };
            assert!(error.to_string().ends_with(place), "{error}");
        }
    }
}
