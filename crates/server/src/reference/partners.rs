//! What a list of trading partners must look like: what it says has to fit into the files that are exchanged.

use std::collections::BTreeSet;

use chrono::DateTime;
use claims::batch::{TradingPartner, file};
use kernel::Violations;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A row with its defaults, as `claims.trading_partners_load` has them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    receiver_name: String,
    #[serde(default = "mutually_agreed")]
    receiver_qualifier: String,
    receiver_id: String,
    submitter_name: String,
    #[serde(default = "mutually_agreed")]
    submitter_qualifier: String,
    submitter_id: String,
    contact_name: String,
    contact_phone: String,
    #[serde(default)]
    is_production: bool,
    #[serde(default = "yes")]
    wants_ta1: bool,
    #[serde(default = "most")]
    claims_per_batch: i32,
    #[serde(default)]
    is_default: bool,
    #[serde(default = "utc")]
    time_zone: String,
    #[serde(default)]
    payer_ids: Vec<String>,
}

fn mutually_agreed() -> String {
    "ZZ".to_owned()
}

const fn yes() -> bool {
    true
}

const fn most() -> i32 {
    claims::batch::CLAIMS_MAX
}

fn utc() -> String {
    "UTC".to_owned()
}

pub(super) fn check(v: &mut Violations, rows: &[Map<String, Value>]) {
    let (mut ids, mut routed, mut defaults) = (BTreeSet::new(), BTreeSet::new(), 0);
    for (index, row) in rows.iter().enumerate() {
        v.set_prefix(&format!("[{index}]."));
        let row: Row = match serde_json::from_value(Value::Object(row.clone())) {
            Ok(row) => row,
            Err(error) => {
                v.add("row", &error.to_string());
                continue;
            }
        };
        let id = v.text("id", &row.id, 40);
        if !ids.insert(id) {
            v.add("id", "is in the file twice");
        }
        if !(1..=claims::batch::CLAIMS_MAX).contains(&row.claims_per_batch) {
            v.add("claims_per_batch", "must be between 1 and 5000");
        }
        if row.time_zone.parse::<chrono_tz::Tz>().is_err() {
            v.add("time_zone", "must be the IANA name of a time zone, such as America/New_York");
        }
        defaults += i32::from(row.is_default);
        if defaults > 1 {
            v.add("is_default", "must be true for one partner at most");
        }
        for payer in &row.payer_ids {
            if !routed.insert(payer.clone()) {
                v.add("payer_ids", "names a payer that is routed already");
            }
        }
        fits(v, row);
    }
}

/// What ISA and the loops of submitter and receiver can't hold.
fn fits(v: &mut Violations, row: Row) {
    let partner = TradingPartner {
        id: row.id,
        receiver_name: row.receiver_name,
        receiver_qualifier: row.receiver_qualifier,
        receiver_id: row.receiver_id,
        submitter_name: row.submitter_name,
        submitter_qualifier: row.submitter_qualifier,
        submitter_id: row.submitter_id,
        contact_name: row.contact_name,
        contact_phone: row.contact_phone,
        is_production: row.is_production,
        wants_ta1: row.wants_ta1,
        claims_per_batch: row.claims_per_batch,
        is_default: row.is_default,
        time_zone: row.time_zone,
    };
    let at = DateTime::UNIX_EPOCH.naive_utc() + chrono::TimeDelta::days(20_000);
    let envelope = file::interchange(&partner, 1, at).check();
    let header = x12::claim::check::header(&file::header(&partner, "B000000001".to_owned(), at));
    for refused in [envelope, header].into_iter().filter_map(Result::err) {
        for violation in refused.0 {
            v.add(&violation.field, violation.problem);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Error, Kind};

    #[test]
    fn the_shipped_list_has_no_mistakes() {
        Kind::TradingPartners.check(include_str!("../../data/trading_partners.json")).unwrap();
    }

    #[test]
    fn every_mistake_is_named_by_row_and_field() {
        let text = r#"[
          {"id": "a", "receiver_name": "R", "receiver_id": "RECEIVER-WITH-16", "submitter_name": "S", "submitter_id": "SUB1",
           "contact_name": "C", "contact_phone": "555", "is_default": true},
          {"id": "a", "receiver_name": "R", "receiver_id": "REC1", "submitter_name": "S", "submitter_id": "SUB1",
           "contact_name": "C", "contact_phone": "6175550100", "is_default": true, "time_zone": "Mars", "claims_per_batch": 5001},
          {"id": "b", "colour": "red"}
        ]"#;
        let Err(Error::Mistakes { list, .. }) = Kind::TradingPartners.check(text) else { panic!("must be refused") };
        insta::assert_snapshot!(list);
    }
}
