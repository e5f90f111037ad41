//! What `UpdateClaim` changes, and its lines.

use kernel::id::CoverageId;
use kernel::mask::Mask;
use kernel::{Violations, money};
use schema::Json;
use therapy_claims::claims::v1 as pb;

use super::super::{Bill, Claim, ClaimLine};

/// The fields that `UpdateClaim` may name.
pub const UPDATABLE: &[&str] = &["coverage_id", "copay_amount", "diagnosis_codes", "prior_authorization", "lines"];

/// What an update changes; `None` leaves a field as it is.
#[derive(Clone, Default)]
pub struct ClaimPatch {
    pub coverage_id: Option<CoverageId>,
    pub copay_amount: Option<bigdecimal::BigDecimal>,
    pub diagnosis_codes: Option<Vec<String>>,
    pub prior_authorization: Option<Option<String>>,
    /// Replace the lines together.
    pub lines: Option<Vec<pb::ClaimLine>>,
}

/// Reads the fields that the mask names.
pub fn patch(v: &mut Violations, mask: &Mask, claim: &pb::Claim) -> ClaimPatch {
    let mut patch = ClaimPatch::default();
    if mask.has("coverage_id") {
        patch.coverage_id = Some(v.id("coverage_id", &claim.coverage_id));
    }
    if mask.has("copay_amount") {
        patch.copay_amount = Some(v.amount_or_zero("copay_amount", &claim.copay_amount));
    }
    if mask.has("diagnosis_codes") {
        if claim.diagnosis_codes.len() > 24 {
            v.add("diagnosis_codes", "must have at most 24 elements");
        }
        let read =
            |(i, code): (usize, &String)| v.text(&format!("diagnosis_codes[{i}]"), code, 10).to_ascii_uppercase();
        patch.diagnosis_codes = Some(claim.diagnosis_codes.iter().enumerate().map(read).collect());
    }
    if mask.has("prior_authorization") {
        patch.prior_authorization = Some(v.optional_text("prior_authorization", &claim.prior_authorization, 80));
    }
    if mask.has("lines") {
        if !(1..=50).contains(&claim.lines.len()) {
            v.add("lines", "must have 1 to 50 elements");
        }
        for (i, line) in claim.lines.iter().enumerate() {
            check_line(v, i, line);
        }
        patch.lines = Some(claim.lines.clone());
    }
    patch
}

fn check_line(v: &mut Violations, i: usize, line: &pb::ClaimLine) {
    let path = |field: &str| format!("lines[{i}].{field}");
    v.text(&path("cpt_code"), &line.cpt_code, 10);
    v.amount(&path("charge_amount"), &line.charge_amount);
    v.free_text(&path("place_of_service"), &line.place_of_service, 2);
    v.optional_date(&path("service_date"), line.service_date.map(Into::into));
    if line.modifiers.len() > 4 {
        v.add(&path("modifiers"), "must have at most 4 elements");
    }
    for (j, modifier) in line.modifiers.iter().enumerate() {
        v.text(&path(&format!("modifiers[{j}]")), modifier, 2);
    }
    if !(0..=9_999).contains(&line.units) {
        v.add(&path("units"), "must be between 0 and 9999");
    }
    if line.diagnosis_pointers.len() > 12 {
        v.add(&path("diagnosis_pointers"), "must have at most 12 elements");
    }
    if !(0..=1440).contains(&line.duration_minutes) {
        v.add(&path("duration_minutes"), "must be between 0 and 1440");
    }
}

impl std::fmt::Debug for ClaimPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClaimPatch(..)")
    }
}

impl ClaimPatch {
    /// Puts the new values on the bill.
    pub fn apply_to(self, bill: &mut Bill) {
        let Self { coverage_id, copay_amount, diagnosis_codes, prior_authorization, lines } = self;
        if let Some(id) = coverage_id {
            bill.claim.coverage_id = Some(id);
        }
        if let Some(amount) = copay_amount {
            bill.claim.copay_amount = amount;
        }
        if let Some(codes) = diagnosis_codes {
            bill.claim.diagnosis_codes = Json(codes);
        }
        if let Some(number) = prior_authorization {
            bill.claim.prior_authorization = number;
        }
        if let Some(lines) = lines {
            bill.lines = lines.into_iter().zip(1..).map(|(line, number)| new_line(&bill.claim, line, number)).collect();
            bill.claim.charge_amount = crate::assemble::total(&bill.lines);
        }
    }
}

/// A line that [`check_line`] has passed.
fn new_line(claim: &Claim, line: pb::ClaimLine, line_number: i32) -> ClaimLine {
    let day = line.service_date.and_then(|d| {
        let (month, day) = (u32::try_from(d.month).ok()?, u32::try_from(d.day).ok()?);
        chrono::NaiveDate::from_ymd_opt(d.year, month, day)
    });
    ClaimLine {
        practice_id: claim.practice_id,
        claim_id: claim.id,
        line_number,
        cpt_code: line.cpt_code.trim().to_ascii_uppercase(),
        modifiers: Json(line.modifiers),
        units: line.units.max(1),
        charge_amount: money::parse(&line.charge_amount).unwrap_or_else(|_checked| money::zero()),
        place_of_service: line.place_of_service,
        diagnosis_pointers: Json(if line.diagnosis_pointers.is_empty() { vec![1] } else { line.diagnosis_pointers }),
        service_date: day.unwrap_or(claim.service_date),
        duration_minutes: (line.duration_minutes > 0).then_some(line.duration_minutes),
    }
}
