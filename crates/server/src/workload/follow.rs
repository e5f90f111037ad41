//! What billing does about claims that were paid: the next payer is billed, mistakes are corrected or taken back.
//!
//! What an earlier run began is found, and gone on with.

use std::collections::HashMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use therapy_claims::claims::v1 as claims;
use therapy_claims::common::v1 as common;
use tonic::Code;

use super::catalog::SECOND_DIAGNOSIS;
use super::draw::request_id;
use super::make::Sequel;
use super::run::{Outcome, list_claims};
use super::seat::Seat;
use crate::caller::{Error, rpc};

/// Practices that are gone through at a time.
const AT_A_TIME: usize = 4;
/// Why a claim is taken back.
const MISTAKE: &str = "billed by mistake";

/// Goes through the outcomes of all practices.
pub(super) async fn follow(seed: u64, seats: &[Seat], outcomes: &[Outcome]) -> Result<(), Error> {
    let all = stream::iter(seats).map(Ok::<_, Error>);
    all.try_for_each_concurrent(AT_A_TIME, |seat| async move {
        let found = list_claims(&seat.admin.caller, true).await?;
        let following = |claim: &claims::Claim| {
            let before = [&claim.replaces_claim_id, &claim.prior_claim_id].into_iter().find(|id| !id.is_empty());
            before.map(|before| (before.clone(), claim.clone()))
        };
        let following: HashMap<String, claims::Claim> = found.iter().filter_map(following).collect();
        let paid: HashMap<&str, &claims::Claim> = found.iter().map(|claim| (claim.id.as_str(), claim)).collect();
        let desk = Desk { seed, seat };
        for outcome in outcomes.iter().filter(|outcome| outcome.practice_id == seat.id) {
            let Some(claim) = outcome.claim_id.as_deref().and_then(|id| paid.get(id)) else { continue };
            match following.get(&claim.id) {
                Some(next) => desk.send(next.clone()).await?,
                None if is_paid(claim) => desk.act(claim, outcome.sequel).await?,
                None => {}
            }
        }
        Ok(())
    })
    .await
}

fn is_paid(claim: &claims::Claim) -> bool {
    claim.status() == common::ClaimStatus::Paid && claim.disposition() == claims::Disposition::Active
}

/// Billing's desk in a practice.
struct Desk<'a> {
    seed: u64,
    seat: &'a Seat,
}

impl Desk<'_> {
    async fn act(&self, claim: &claims::Claim, sequel: Sequel) -> Result<(), Error> {
        let next = match sequel {
            Sequel::Usual => self.bill_next(claim).await.map(Some),
            Sequel::Replacement => self.replace(claim).await.map(Some),
            Sequel::Void => self.take_back(claim).await.map(|()| None),
        };
        match next {
            Ok(Some(next)) => self.send(next).await,
            Ok(None) => Ok(()),
            // nothing is left, there is no other payer, or this one takes no corrections
            Err(error) if error.is(Code::FailedPrecondition) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn bill_next(&self, claim: &claims::Claim) -> Result<claims::Claim, Error> {
        let request = claims::CreateSecondaryRequest {
            claim_id: claim.id.clone(),
            request_id: self.request("next", &claim.id),
            ..Default::default()
        };
        let caller = &self.seat.billing.caller;
        rpc!(caller, claims.create_secondary, "claims.v1.ClaimService/CreateSecondary", request).await
    }

    /// A diagnosis was forgotten.
    async fn replace(&self, claim: &claims::Claim) -> Result<claims::Claim, Error> {
        let request = claims::CreateReplacementRequest {
            claim_id: claim.id.clone(),
            request_id: self.request("replacement", &claim.id),
            ..Default::default()
        };
        let caller = &self.seat.billing.caller;
        let mut new =
            rpc!(caller, claims.create_replacement, "claims.v1.ClaimService/CreateReplacement", request).await?;
        if new.diagnosis_codes.iter().any(|code| code == SECOND_DIAGNOSIS) {
            return Ok(new);
        }
        new.diagnosis_codes.push(SECOND_DIAGNOSIS.to_owned());
        let request = claims::UpdateClaimRequest {
            request_id: self.request("correct", &new.id),
            claim: Some(new),
            update_mask: Some(prost_types::FieldMask { paths: vec!["diagnosis_codes".to_owned()] }),
        };
        rpc!(caller, claims.update_claim, "claims.v1.ClaimService/UpdateClaim", request).await
    }

    /// Billing asks for it, and the admin does it.
    async fn take_back(&self, claim: &claims::Claim) -> Result<(), Error> {
        let request = claims::VoidClaimRequest {
            claim_id: claim.id.clone(),
            reason: MISTAKE.to_owned(),
            request_id: self.request("void", &claim.id),
            ..Default::default()
        };
        let caller = &self.seat.billing.caller;
        let proposed =
            rpc!(caller, claim_actions.void_claim, "claims.v1.ClaimActionService/VoidClaim", request).await?;
        let request = claims::ApproveClaimActionRequest {
            request_id: self.request("approve", &proposed.id),
            id: proposed.id,
            ..Default::default()
        };
        let caller = &self.seat.admin.caller;
        let approved = rpc!(
            caller,
            claim_actions.approve_claim_action,
            "claims.v1.ClaimActionService/ApproveClaimAction",
            request
        );
        approved.await.map(drop)
    }

    /// Readies and submits a claim that nobody has looked at, unless something is wrong with it.
    async fn send(&self, claim: claims::Claim) -> Result<(), Error> {
        let mut claim = claim;
        let caller = &self.seat.billing.caller;
        if claim.status() == common::ClaimStatus::Draft && claim.payer_state() == claims::PayerState::None {
            let request = claims::MarkReadyRequest {
                acknowledged_codes: claim.findings.iter().map(|finding| finding.code.clone()).collect(),
                request_id: self.request("ready", &claim.id),
                id: claim.id,
                ..Default::default()
            };
            claim = match rpc!(caller, claims.mark_ready, "claims.v1.ClaimService/MarkReady", request).await {
                Ok(claim) => claim,
                Err(error) if error.is(Code::FailedPrecondition) => return Ok(()),
                Err(error) => return Err(error),
            };
        }
        if claim.status() == common::ClaimStatus::Ready {
            let request_id = self.request("submit", &claim.id);
            let request = claims::SubmitClaimRequest { id: claim.id, request_id, ..Default::default() };
            rpc!(caller, claims.submit_claim, "claims.v1.ClaimService/SubmitClaim", request).await?;
        }
        Ok(())
    }

    fn request(&self, step: &str, id: &str) -> String {
        request_id(self.seed, &[step, &self.seat.id, id])
    }
}
