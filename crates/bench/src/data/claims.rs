//! The claims of sessions that took place, each with its line and its number.

use std::io::Write;

use chrono::NaiveDate;

use super::sessions::{Pair, pair};
use super::{NULL, before, payer, row};
use crate::Result;
use crate::cluster::Cluster;
use crate::plan::{DAYS, Kind, Place, Plan, Series, id, place, practice_id};

/// Where the claim of the `g`th session stands: status, payer state, what was paid.
pub(super) const fn standing(g: u32) -> (&'static str, &'static str, &'static str) {
    match g % 100 {
        0..=59 => ("paid", "paid_full", "130.00"),
        60..=79 => ("submitted", "accepted", "0.00"),
        80..=88 => ("ready", "none", "0.00"),
        89..=96 => ("denied", "denied", "0.00"),
        _ => ("draft", "validation_failed", "0.00"),
    }
}

/// Twelve of the characters that claim numbers are made of.
pub(super) fn number(Place { practice, n }: Place) -> String {
    format!("L{practice:03}{n:08}").replace('0', "A").replace('1', "B")
}

pub(super) fn load(cluster: &Cluster, plan: Plan, day: NaiveDate) -> Result<()> {
    let all = || (0..plan.completed()).map(|g| (g, place(g)));
    let columns = "practice_id, id, claim_number, session_id, patient_id, therapist_id, coverage_id, payer_id, status, payer_state, \
                   was_transmitted, service_date, diagnosis_codes, charge_amount, copay_amount, paid_amount, filing_deadline, \
                   rule_set_version, snapshot, attempt, submitted_at, adjudicated_at";
    let service_date = |at| before(day, 401 + pair(plan, at).meeting % DAYS);
    cluster.copy(&format!("claims.claims ({columns})"), |out| {
        all().try_for_each(|(g, at)| {
            let Place { practice, n } = at;
            let Pair { patient, therapist, .. } = pair(plan, at);
            let (status, payer_state, paid) = standing(g);
            let date = service_date(at);
            let evening = format!("{date} 20:00:00+00");
            let was_sent = matches!(status, "paid" | "submitted" | "denied");
            let (attempt, sent) = if was_sent { ("1", evening.as_str()) } else { ("0", NULL) };
            let decided = if matches!(status, "paid" | "denied") { evening.as_str() } else { NULL };
            let snapshot = if was_sent { r#"{"format": 1}"# } else { NULL };
            row!(
                out,
                practice_id(practice),
                id(Kind::Claim, practice, Series::Completed, n),
                number(at),
                id(Kind::Session, practice, Series::Completed, n),
                id(Kind::Patient, practice, Series::First, patient),
                id(Kind::Therapist, practice, Series::First, therapist),
                id(Kind::Coverage, practice, Series::First, patient),
                payer(patient),
                status,
                payer_state,
                if was_sent { "t" } else { "f" },
                date,
                r#"["F41.1", "F43.10"]"#,
                "150.00",
                "20.00",
                paid,
                before(date, 0),
                "bench",
                snapshot,
                attempt,
                sent,
                decided
            )
        })
    })?;
    let columns = "practice_id, claim_id, line_number, cpt_code, charge_amount, place_of_service, diagnosis_pointers, service_date, duration_minutes";
    cluster.copy(&format!("claims.claim_lines ({columns})"), |out| {
        all().try_for_each(|(_, at)| {
            let Place { practice, n } = at;
            let claim = id(Kind::Claim, practice, Series::Completed, n);
            row!(out, practice_id(practice), claim, 1, "90834", "150.00", "11", "[1, 2]", service_date(at), 45)
        })
    })?;
    cluster.copy("claims.claim_numbers (claim_number, practice_id, claim_id)", |out| {
        all().try_for_each(|(_, at)| {
            let Place { practice, n } = at;
            row!(out, number(at), practice_id(practice), id(Kind::Claim, practice, Series::Completed, n))
        })
    })
}
