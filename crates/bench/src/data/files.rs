//! What waits to be put into claim files: a submission of each claim of the first practice that is `submitted`.

use std::io::Write;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::claims::{number, standing};
use super::sessions::{Pair, pair};
use super::{before, npi, payer, row};
use crate::Result;
use crate::cluster::Cluster;
use crate::plan::{DAYS, Kind, Place, Plan, Series, id, place, practice_id};

/// The practice whose claims wait.
const PRACTICE: u32 = 1;

/// Has them wait, anew if an earlier run put them into files; answers how many there are.
pub(crate) fn wait(cluster: &Cluster, plan: Plan, day: NaiveDate) -> Result<u32> {
    let practice = practice_id(PRACTICE);
    let count = format!("SELECT count(*) FROM claims.submissions WHERE practice_id = '{practice}' AND attempt = 1");
    if cluster.admin(&count)? == "0" {
        prepare(cluster, plan, day)?;
    }
    let own = format!("practice_id = '{practice}'");
    for statement in [
        // what payers said in an earlier run; the claims' events stay, so their versions go on behind those
        format!("DELETE FROM claims.remittance_claims WHERE {own}"),
        format!("DELETE FROM claims.practice_ledger_entries WHERE {own}"),
        format!("DELETE FROM claims.remittances WHERE {own}"),
        format!("DELETE FROM claims.ledger_entries WHERE {own}"),
        format!("DELETE FROM claims.acknowledgments WHERE {own}"),
        "DELETE FROM claims.inbound_messages".to_owned(),
        "DELETE FROM claims.inbound_chunks".to_owned(),
        "DELETE FROM claims.inbound_files".to_owned(),
        format!(
            "UPDATE claims.claims c SET status = 'submitted', payer_state = 'accepted', payer_state_at = NULL, paid_amount = 0, \
             adjusted_amount = 0, patient_responsibility_amount = 0, adjudicated_at = NULL, payer_claim_number = NULL, \
             validation_errors = '[]', snapshot = s.snapshot, version = c.version + 100 FROM claims.submissions s \
             WHERE c.{own} AND s.{own} AND s.claim_id = c.id"
        ),
        format!("UPDATE claims.submissions SET batch_id = NULL, state = 'queued' WHERE practice_id = '{practice}'"),
        format!("DELETE FROM claims.interchanges WHERE practice_id = '{practice}'"),
        format!("DELETE FROM claims.batches WHERE practice_id = '{practice}'"),
        "VACUUM (ANALYZE) claims.submissions".to_owned(),
        "VACUUM (ANALYZE) claims.batches".to_owned(),
        "CHECKPOINT".to_owned(),
    ] {
        cluster.admin(&statement)?;
    }
    Ok(cluster.admin(&count)?.parse()?)
}

fn prepare(cluster: &Cluster, plan: Plan, day: NaiveDate) -> Result<()> {
    let account = id(Kind::Account, 0, Series::First, 0);
    cluster.admin(&format!(
        "UPDATE tenancy.service_grants SET scopes = '{{claims:stream,acks:write,remits:write}}' WHERE account_id = '{account}'; \
         INSERT INTO claims.trading_partners (id, receiver_name, receiver_id, submitter_name, submitter_id, contact_name, \
           contact_phone, is_default) \
         VALUES ('bench', 'BENCH CLEARINGHOUSE', 'RECV01', 'BENCH PLATFORM', 'SUBMIT01', 'EDI SUPPORT', '2125550100', true)"
    ))?;
    let columns = "practice_id, id, claim_id, attempt, submitted_at, submitted_by, snapshot, snapshot_hash";
    cluster.copy(&format!("claims.submissions ({columns})"), |out| {
        let all = (0..plan.completed()).map(|g| (g, place(g)));
        let mut waiting = all.filter(|(g, at)| at.practice == PRACTICE && standing(*g).0 == "submitted");
        waiting.try_for_each(|(_, at)| {
            let snapshot = snapshot(plan, day, at);
            row!(
                out,
                practice_id(PRACTICE),
                id(Kind::Submission, PRACTICE, Series::Completed, at.n),
                id(Kind::Claim, PRACTICE, Series::Completed, at.n),
                1,
                format_args!("{day} 12:00:00+00"),
                id(Kind::User, PRACTICE, Series::First, 0),
                snapshot,
                // nobody confirms these
                format_args!("\\\\x{}", "00".repeat(32))
            )
        })
    })
}

/// A claim as a run of the product would have frozen it.
fn snapshot(plan: Plan, day: NaiveDate, at: Place) -> Value {
    let Place { practice, n } = at;
    let Pair { patient, therapist, meeting } = pair(plan, at);
    let date = before(day, 401 + meeting % DAYS);
    let address = |line1: String, zip_code: &str| json!({"line1": line1, "line2": "", "city": "New York", "state": "NY", "zip_code": zip_code});
    json!({
        "format": 1,
        "claim": {
            "claim_id": id(Kind::Claim, practice, Series::Completed, n),
            "claim_number": number(at), "frequency": "1", "original_payer_claim_number": "", "payer_sequence": "P",
            "service_date": date, "diagnosis_codes": ["F41.1", "F43.10"], "prior_authorization": "",
            "charge_amount": "150.00", "copay_amount": "20.00"
        },
        "billing_provider": {
            "practice_id": practice_id(practice), "name": format!("Practice {practice}"),
            "npi": npi(90_000_000 + practice), "tax_id": format!("{:09}", 120_000_000 + practice), "tax_id_type": "EI",
            "taxonomy": "261QM0801X", "address": address(format!("{practice} Main St"), "100010001"),
            "pay_to_address": null, "contact_name": "Front Office", "phone": "2125550100", "part2_program": false
        },
        "rendering_provider": {
            "therapist_id": id(Kind::Therapist, practice, Series::First, therapist), "first_name": "Robin",
            "last_name": "Therapist", "npi": npi(practice * 1000 + therapist), "taxonomy": "103TC0700X",
            "license_number": format!("PSY{therapist:05}"), "license_level": "independent", "license_state": "NY",
            "is_active": true, "employed_from": before(day, 3000), "employed_to": null
        },
        "supervising_provider": null,
        "patient_id": id(Kind::Patient, practice, Series::First, patient),
        "patient": {
            "first_name": "Sam", "last_name": "Patient", "birth_date": "1980-02-03", "sex": "F",
            "address": address(format!("{patient} Elm St"), "10001")
        },
        "coverage": {
            "coverage_id": id(Kind::Coverage, practice, Series::First, patient), "payer_id": payer(patient),
            "member_id": format!("M{practice:03}{patient:06}"), "group_number": "G100", "relationship": "18",
            "sequence": "P", "filing_indicator": "CI", "effective_from": "2020-01-01", "effective_to": null,
            "assignment": "A", "benefits_assigned": "Y", "release": "Y"
        },
        "subscriber": null,
        "payer": {
            "payer_id": payer(patient), "name": format!("PLAN {}", payer(patient)), "valid_from": "2020-01-01",
            "valid_to": null
        },
        "network_status": "in_network",
        "session": {
            "session_id": id(Kind::Session, practice, Series::Completed, n), "status": "completed",
            "cpt_code": "90834", "duration_minutes": 45, "fee": "150.00", "copay": "20.00", "place_of_service": "11",
            "modality": "in_person", "patient_state": "NY", "disclosure_restricted": false, "part2": false,
            "self_pay": false
        },
        "lines": [{
            "line_number": 1, "control_number": format!("{}L1", number(at)), "cpt_code": "90834", "modifiers": [],
            "units": 1, "charge_amount": "150.00", "place_of_service": "11", "diagnosis_pointers": [1, 2],
            "service_date": date, "duration_minutes": 45
        }]
    })
}
