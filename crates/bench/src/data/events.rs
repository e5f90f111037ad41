//! The feed: what happened to each claim, and in the first practice as much again as the feed workload reads.

use std::collections::HashMap;
use std::io::Write;

use chrono::NaiveDate;
use prost::Message;
use prost_types::Timestamp;
use therapy_claims::claims::v1::{ClaimEvent, ClaimEventType, PayerState};
use therapy_claims::common::v1::{Actor, ActorKind, ClaimStatus};

use super::claims::{number, standing};
use super::sessions::pair;
use super::{before, payer, row};
use crate::Result;
use crate::cluster::Cluster;
use crate::plan::{FEED_EVENTS, Kind, Place, Plan, Series, id, place, practice_id};

const COLUMNS: &str =
    "practice_id, position, event_id, subject_id, subject_version, type, payer_id, payload, occurred_at";

pub(super) fn load(cluster: &Cluster, plan: Plan, day: NaiveDate) -> Result<()> {
    let mut heads: HashMap<u32, u32> = HashMap::new();
    // in rounds over all claims, so that the events of one claim do not lie side by side
    let extra = FEED_EVENTS.div_ceil(plan.claims_of_first());
    cluster.copy(&format!("feed.events ({COLUMNS})"), |out| {
        for version in 1..=extra.max(4) {
            for g in 0..plan.completed() {
                let at = place(g);
                let natural = match standing(g).0 {
                    "paid" | "denied" => 4,
                    "submitted" => 3,
                    "ready" => 2,
                    _ => 1,
                };
                if version <= natural || (at.practice == 1 && version <= extra) {
                    let position = heads.entry(at.practice).or_default();
                    *position += 1;
                    write(out, plan, day, g, version, *position)?;
                }
            }
        }
        Ok(())
    })?;
    let values: Vec<_> = heads.iter().map(|(p, head)| format!("('{}'::uuid, {head})", practice_id(*p))).collect();
    cluster.sql(
        "claims_migrator",
        "claims",
        &format!(
            "UPDATE feed.heads h SET last_position = v.head FROM (VALUES {}) AS v (id, head) WHERE h.practice_id = v.id",
            values.join(", ")
        ),
    )?;
    Ok(())
}

fn write(out: &mut impl Write, plan: Plan, day: NaiveDate, g: u32, version: u32, position: u32) -> std::io::Result<()> {
    let at = place(g);
    let Place { practice, n } = at;
    let kind = match version {
        1 => ClaimEventType::Drafted,
        2 => ClaimEventType::MarkedReady,
        3 => ClaimEventType::Submitted,
        4 => ClaimEventType::Paid,
        _ => ClaimEventType::Edited,
    };
    let occurred = before(day, 400);
    let seconds = occurred.and_hms_opt(20, 0, 0).unwrap_or_default().and_utc().timestamp();
    let claim = id(Kind::Claim, practice, Series::Completed, n);
    // positions tell events apart within a practice
    let event_id = id(Kind::Event, practice, Series::Completed, position);
    let payer_id = payer(pair(plan, at).patient);
    let event = ClaimEvent {
        practice_id: practice_id(practice),
        event_id: event_id.clone(),
        claim_id: claim.clone(),
        claim_number: number(at),
        claim_version: version.into(),
        r#type: kind.into(),
        from_status: ClaimStatus::Draft.into(),
        to_status: ClaimStatus::Ready.into(),
        payer_state: PayerState::None.into(),
        actor: Some(Actor { kind: ActorKind::User.into(), id: id(Kind::User, practice, Series::First, 0) }),
        occurred_at: Some(Timestamp { seconds, nanos: 0 }),
        payer_id: payer_id.to_owned(),
        attempt: 1,
        charge_amount: "150.00".to_owned(),
        paid_amount: "0.00".to_owned(),
        patient_responsibility_amount: "0.00".to_owned(),
        ..ClaimEvent::default()
    };
    row!(
        out,
        practice_id(practice),
        position,
        event_id,
        claim,
        version,
        kind.as_str_name(),
        payer_id,
        format_args!("\\\\x{}", hex::encode(event.encode_to_vec())),
        format_args!("{occurred} 20:00:00+00")
    )
}
