//! Reasons for adjustments, and what each asks of the practice.

use super::FIELDS;
use crate::codes::ReasonClass;
use crate::codes::release::Table;

/// What each adjustment reason asks of the practice.
#[derive(Debug)]
pub(in crate::codes) struct AdjustmentReasons(Vec<(String, ReasonClass)>);

impl AdjustmentReasons {
    pub(in crate::codes) fn get(&self, code: &str) -> Option<ReasonClass> {
        let at = self.0.binary_search_by(|(known, _)| known.as_str().cmp(code)).ok()?;
        self.0.get(at).map(|(_, class)| *class)
    }
}

impl Table for AdjustmentReasons {
    const HEADER: &'static [&'static str] = &["code", "class"];
    type Row = (String, ReasonClass);

    fn row(fields: &[&str]) -> Result<Self::Row, &'static str> {
        let [code, class] = fields else { return Err(FIELDS) };
        let is_plain = code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
        if !(1..=5).contains(&code.len()) || !is_plain {
            return Err("code must be one to five capital letters and digits");
        }
        let class = class.parse().map_err(|_unknown| {
            "class must be patient, fix, review, cob, writeoff, eligibility, appeal, rebill, credentialing or info"
        })?;
        Ok(((*code).to_owned(), class))
    }

    fn clash((a, _): &Self::Row, (b, _): &Self::Row) -> bool {
        a == b
    }

    fn build(rows: Vec<Self::Row>) -> Self {
        Self(rows)
    }
}
