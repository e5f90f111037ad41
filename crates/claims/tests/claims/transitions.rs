use chrono::{DateTime, Utc};
use claims::claim::Claim;
use claims::lifecycle::{ALLOWED_PAIRS, Disposition, Event, PayerState, State, Status};
use therapy_claims::claims::v1 as pb;
use tonic::Code;
use tonic_types::StatusExt;

use crate::world::{World, fact};

/// Moves that callers make, and the event that each is.
const MOVES: [&str; 11] = [
    "UpdateClaim",
    "MarkReady",
    "SubmitClaim",
    "CancelClaim",
    "HoldClaim",
    "ReleaseClaim",
    "CreateReplacement",
    "CloseDenial",
    "WriteOffClaim",
    "VoidClaim",
    "FileAppeal",
];

async fn attempt(world: &World, claim: &pb::Claim, name: &str) -> Result<pb::Claim, tonic::Status> {
    match name {
        "UpdateClaim" => world.update(claim.clone(), &["copay_amount"]).await,
        "MarkReady" => world.mark_ready(&claim.id, &[]).await,
        "SubmitClaim" => world.submit(&claim.id).await,
        "CloseDenial" => world.close_denial(&claim.id).await,
        "WriteOffClaim" => world.write_off(&claim.id).await.map(|_| claim.clone()),
        "VoidClaim" => world.void(&claim.id).await.map(|_| claim.clone()),
        "FileAppeal" => world.appeal(&claim.id).await.map(|_| claim.clone()),
        "HoldClaim" => world.hold(&claim.id).await,
        "ReleaseClaim" => world.release(&claim.id).await,
        "CreateReplacement" => world.replace(&claim.id).await,
        _ => world.cancel(&claim.id).await,
    }
}

fn event(name: &str) -> Event {
    match name {
        "UpdateClaim" => Event::Edited,
        "MarkReady" => Event::MarkedReady,
        "SubmitClaim" => Event::Submitted { at: DateTime::<Utc>::MAX_UTC },
        "CloseDenial" => Event::DenialClosed { write_off: false },
        "WriteOffClaim" => Event::DenialClosed { write_off: true },
        "VoidClaim" => Event::VoidRequested { at: DateTime::<Utc>::MAX_UTC },
        "FileAppeal" => Event::Appealed { at: DateTime::<Utc>::MAX_UTC },
        "HoldClaim" => Event::Held,
        "ReleaseClaim" => Event::Released,
        "CreateReplacement" => Event::ReplacementRequested { at: DateTime::<Utc>::MAX_UTC },
        _ => Event::Cancelled,
    }
}

/// A text in SQL.
fn quoted(text: Option<impl ToString>) -> String {
    text.map_or_else(|| "NULL".to_owned(), |text| format!("'{}'", text.to_string()))
}

/// Every state that the database can hold, by every move: what the machine refuses is refused with what it allows.
#[tokio::test]
async fn every_move_that_a_state_does_not_allow_says_what_it_does() {
    let world = World::new().await;
    let claim = world.submitted().await;
    let mut refused = 0;
    for (status, payer_states) in ALLOWED_PAIRS {
        for payer_state in *payer_states {
            for disposition in [Disposition::Active, Disposition::Voided, Disposition::Replaced] {
                for name in MOVES {
                    let state = State {
                        status: *status,
                        payer_state: *payer_state,
                        disposition,
                        payer_state_at: None,
                        was_transmitted: false,
                        standing: matches!(payer_state, PayerState::VoidPending | PayerState::ReplacementPending)
                            .then_some((Status::Submitted, PayerState::Accepted)),
                    };
                    if disposition == Disposition::Replaced && *payer_state != PayerState::ReplacementPending {
                        // no such state
                        continue;
                    }
                    let Err(illegal) = state.apply(event(name)) else { continue };
                    world
                        .run(&format!(
                            "UPDATE claims.claims SET status = '{status}', payer_state = '{payer_state}', disposition = '{disposition}', \
                             before_void_status = {}, before_void_payer_state = {}, replaced_by_claim_id = id",
                            quoted(state.standing.map(|(status, _)| status)),
                            quoted(state.standing.map(|(_, payer_state)| payer_state)),
                        ))
                        .await;
                    let before = world.get(&claim.id).await.unwrap();
                    let status = attempt(&world, &before, name).await.unwrap_err();
                    assert_eq!(status.code(), Code::FailedPrecondition, "{name} from {state}");
                    assert_eq!(status.get_details_error_info().unwrap().reason, "CLAIM_INVALID_TRANSITION");
                    assert_eq!(fact(&status, "from"), state.to_string());
                    assert_eq!(fact(&status, "attempted"), illegal.event.to_string());
                    let allowed: Vec<String> = state.allowed().map(|kind| kind.to_string()).collect();
                    assert_eq!(fact(&status, "allowed"), allowed.join(", "));
                    assert_eq!(status.get_details_precondition_failure().unwrap().violations.len(), 1);
                    assert_eq!(world.get(&claim.id).await.unwrap(), before, "{name} from {state}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 200, "{refused} combinations");
    assert_eq!(world.timeline(&claim.id).await.len(), 3, "no refusal is an event");
    let _: fn(&Claim) -> State = Claim::state;
}
