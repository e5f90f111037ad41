//! The proof of a filing on the wire.

use clinical::billing;
use kernel::Failure;
use kernel::clock::{parts, timestamp};
use therapy_claims::claims::v1 as pb;

use super::store::Attempt;
use super::{Judged, Proof, Standing};

/// ST02 of our files: each has one transaction set.
const SET: &str = "0001";

pub(super) fn to_pb(proof: Proof) -> Result<pb::TimelyFilingProof, Failure> {
    let Proof { bill, attempts, time_zone } = proof;
    let claim = bill.claim;
    let attempts = attempts.into_iter().map(|one| attempt(one, &time_zone)).collect::<Result<Vec<_>, _>>()?;
    let accepted = attempts.iter().find(|one| one.standing() == pb::FilingStanding::Accepted).cloned();
    let deadline: Option<therapy_claims::google::r#type::Date> = claim.filing_deadline.map(|day| parts(day).into());
    let on = accepted.as_ref().and_then(|one| one.acknowledged_on);
    let day = |date: therapy_claims::google::r#type::Date| (date.year, date.month, date.day);
    Ok(pb::TimelyFilingProof {
        claim_id: claim.id.to_string(),
        claim_number: claim.claim_number,
        service_date: Some(parts(claim.service_date).into()),
        filing_deadline: deadline,
        in_time: on.zip(deadline).is_some_and(|(on, deadline)| day(on) <= day(deadline)),
        proof: accepted,
        attempts,
    })
}

fn attempt(judged: Judged, time_zone: &str) -> Result<pb::FilingAttempt, Failure> {
    let Judged { attempt, standing, by, payer_claim_number } = judged;
    let Attempt { id, attempt, frequency: _, submitted_at, transmitted_at, transmission_ref, batch } = attempt;
    let on = by.as_ref().map(|by| billing::local_date(time_zone, by.occurred_at)).transpose()?;
    let numbers = batch.as_ref();
    Ok(pb::FilingAttempt {
        submission_id: id.to_string(),
        attempt,
        standing: standing_to_pb(standing).into(),
        submitted_at: Some(timestamp(submitted_at)),
        transmitted_at: transmitted_at.map(timestamp),
        batch_id: numbers.map(|(id, _, _)| id.to_string()).unwrap_or_default(),
        interchange_control_number: numbers.map(|(_, number, _)| format!("{number:09}")).unwrap_or_default(),
        group_control_number: numbers.map(|(_, number, _)| number.to_string()).unwrap_or_default(),
        set_control_number: numbers.map(|_| SET.to_owned()).unwrap_or_default(),
        batch_reference: batch.map(|(_, _, reference)| reference).unwrap_or_default(),
        transmission_reference: transmission_ref.unwrap_or_default(),
        acknowledgment_id: by.as_ref().map(|by| by.id.to_string()).unwrap_or_default(),
        acknowledged_at: by.map(|by| timestamp(by.occurred_at)),
        acknowledged_on: on.map(|day| parts(day).into()),
        payer_claim_number: payer_claim_number.unwrap_or_default(),
    })
}

const fn standing_to_pb(standing: Standing) -> pb::FilingStanding {
    match standing {
        Standing::NotSent => pb::FilingStanding::NotSent,
        Standing::Sent => pb::FilingStanding::Sent,
        Standing::Received => pb::FilingStanding::Received,
        Standing::Accepted => pb::FilingStanding::Accepted,
        Standing::Rejected => pb::FilingStanding::Rejected,
    }
}
