//! Claim files on the wire.

use kernel::clock::timestamp;
use kernel::id::BatchId;
use kernel::{Violations, money};
use therapy_claims::claims::v1 as pb;

use super::{Batch, BatchState, CLAIMS_MAX};
use crate::snapshot::convert::hex;

/// What is asked for when files are written.
#[derive(Debug)]
pub struct Wanted {
    /// Only for this trading partner.
    pub partner: Option<String>,
    /// Claims of one file at most.
    pub claims: i32,
}

/// Reads a request for files.
pub fn wanted(v: &mut Violations, request: &pb::CreateSubmissionBatchRequest) -> Wanted {
    let pb::CreateSubmissionBatchRequest { trading_partner_id, max_claims, request_id: _ } = request;
    let claims = match *max_claims {
        0 => CLAIMS_MAX,
        1..=CLAIMS_MAX => *max_claims,
        _ => {
            v.add("max_claims", "must be between 0 and 5000");
            CLAIMS_MAX
        }
    };
    Wanted { partner: v.optional_text("trading_partner_id", trading_partner_id, 40), claims }
}

/// A file that a caller speaks of, and the hash of what it has of it.
#[derive(Debug)]
pub struct Named {
    pub id: BatchId,
    /// Checked when given.
    pub hash: Option<Vec<u8>>,
}

/// Reads the name of a file.
pub fn named(v: &mut Violations, message: &pb::BatchRef) -> Named {
    let pb::BatchRef { batch_id, content_hash } = message;
    Named { id: v.id("batch.batch_id", batch_id), hash: hash(v, "batch.content_hash", content_hash) }
}

/// Reads a SHA-256 in hexadecimal, if there is one.
pub fn hash(v: &mut Violations, field: &str, text: &str) -> Option<Vec<u8>> {
    if text.is_empty() {
        return None;
    }
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let Some(digits) = digits.filter(|digits| digits.len() == 64) else {
        v.add(field, "must have 64 hexadecimal digits");
        return Some(Vec::new());
    };
    Some(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |n, digit| n << 4 | digit)).collect())
}

#[must_use]
pub fn to_pb(batch: Batch) -> pb::SubmissionBatch {
    let Batch {
        practice_id,
        id,
        trading_partner_id,
        control_number,
        reference,
        claim_count,
        charge_amount,
        content_hash,
        content_size,
        state,
        created_by: _,
        transmitted_at,
        transmission_ref,
        failed_at: _,
        failure_reason,
        version: _,
        created_at,
        updated_at: _,
    } = batch;
    pb::SubmissionBatch {
        id: id.to_string(),
        practice_id: practice_id.to_string(),
        trading_partner_id,
        control_number,
        reference,
        state: state_to_pb(state).into(),
        claim_count,
        charge_amount: money::text(&charge_amount),
        content_size,
        content_hash: hex(&content_hash),
        created_at: Some(timestamp(created_at)),
        transmitted_at: transmitted_at.map(timestamp),
        transmission_reference: transmission_ref.unwrap_or_default(),
        failure_reason: failure_reason.unwrap_or_default(),
    }
}

const fn state_to_pb(state: BatchState) -> pb::SubmissionBatchState {
    match state {
        BatchState::Created => pb::SubmissionBatchState::Created,
        BatchState::Transmitted => pb::SubmissionBatchState::Transmitted,
        BatchState::Failed => pb::SubmissionBatchState::Failed,
        BatchState::Acknowledged => pb::SubmissionBatchState::Acknowledged,
        BatchState::Rejected => pb::SubmissionBatchState::Rejected,
    }
}

/// Reads the state that a list is narrowed to.
pub fn state(v: &mut Violations, state: i32) -> Option<BatchState> {
    match pb::SubmissionBatchState::try_from(state) {
        Ok(pb::SubmissionBatchState::Unspecified) => None,
        Ok(pb::SubmissionBatchState::Created) => Some(BatchState::Created),
        Ok(pb::SubmissionBatchState::Transmitted) => Some(BatchState::Transmitted),
        Ok(pb::SubmissionBatchState::Failed) => Some(BatchState::Failed),
        Ok(pb::SubmissionBatchState::Acknowledged) => Some(BatchState::Acknowledged),
        Ok(pb::SubmissionBatchState::Rejected) => Some(BatchState::Rejected),
        Err(_unknown) => {
            v.add("state", "is not known");
            None
        }
    }
}
