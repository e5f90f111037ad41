//! Remittances to and from the wire.

use kernel::clock::{parts, timestamp};
use kernel::{Violations, etag, money};
use therapy_claims::claims::v1 as pb;

use super::desk::Match;
use super::{AccountEntry, Adjusted, Dismissal, Filter, Mismatch, Payment, Remittance, RemittanceClaim, ToldFilter};
use crate::inbound::remit::RemittanceClaimState;

/// Reads what a list of payments is narrowed to.
pub fn filter(v: &mut Violations, request: &pb::ListRemittancesRequest) -> Filter {
    let pb::ListRemittancesRequest { page_size: _, page_token: _, payer_id, from_paid_on, to_paid_on, state } = request;
    let complete = match pb::RemittanceState::try_from(*state) {
        Ok(pb::RemittanceState::Complete) => Some(true),
        Ok(pb::RemittanceState::Incomplete) => Some(false),
        Ok(pb::RemittanceState::Unspecified) | Err(_) => None,
    };
    let filter = Filter {
        payer: v.optional_text("payer_id", payer_id, 80),
        from: v.optional_date("from_paid_on", from_paid_on.map(Into::into)),
        to: v.optional_date("to_paid_on", to_paid_on.map(Into::into)),
        is_complete: (*state != 0).then(|| v.known("state", complete, true)),
    };
    if filter.from.zip(filter.to).is_some_and(|(from, to)| from > to) {
        v.add("to_paid_on", "must not be before from_paid_on");
    }
    filter
}

/// Reads what a list of what payments say is narrowed to.
pub fn told_filter(v: &mut Violations, request: &pb::ListRemittanceClaimsRequest) -> ToldFilter {
    let pb::ListRemittanceClaimsRequest { page_size: _, page_token: _, remittance_id, state, only_open } = request;
    ToldFilter {
        remittance: v.optional_id("remittance_id", remittance_id),
        state: (*state != 0).then(|| v.known("state", state_from_pb(*state), RemittanceClaimState::Posted)),
        only_open: *only_open,
    }
}

/// Reads what somebody matches.
pub fn wanted(v: &mut Violations, request: &pb::MatchRemittanceClaimRequest) -> Match {
    let pb::MatchRemittanceClaimRequest { id, claim_id, acknowledged_mismatches, etag, claim_etag, request_id: _ } =
        request;
    let mismatch = |(i, what): (usize, &i32)| {
        let what = match pb::RemittanceMismatch::try_from(*what) {
            Ok(pb::RemittanceMismatch::MemberId) => Some(Mismatch::MemberId),
            Ok(pb::RemittanceMismatch::ServiceDate) => Some(Mismatch::ServiceDate),
            Ok(pb::RemittanceMismatch::Payer) => Some(Mismatch::Payer),
            Ok(pb::RemittanceMismatch::Unspecified) | Err(_) => None,
        };
        v.known(&format!("acknowledged_mismatches[{i}]"), what, Mismatch::MemberId)
    };
    let acknowledged = acknowledged_mismatches.iter().take(10).enumerate().map(mismatch).collect();
    Match {
        id: v.id("id", id),
        expected: etag::expected(v, "etag", etag),
        claim: v.id("claim_id", claim_id),
        expected_claim: etag::expected(v, "claim_etag", claim_etag),
        acknowledged,
    }
}

/// Reads why it is dismissed.
pub fn dismissal(v: &mut Violations, reason: i32) -> Dismissal {
    let reason = match pb::RemittanceDismissal::try_from(reason) {
        Ok(pb::RemittanceDismissal::NotOurs) => Some(Dismissal::NotOurs),
        Ok(pb::RemittanceDismissal::OtherSystem) => Some(Dismissal::OtherSystem),
        Ok(pb::RemittanceDismissal::Duplicate) => Some(Dismissal::Duplicate),
        Ok(pb::RemittanceDismissal::ReturnedToPayer) => Some(Dismissal::ReturnedToPayer),
        Ok(pb::RemittanceDismissal::SettledOtherwise) => Some(Dismissal::SettledOtherwise),
        Ok(pb::RemittanceDismissal::Unspecified) | Err(_) => None,
    };
    v.known("reason", reason, Dismissal::NotOurs)
}

fn state_from_pb(state: i32) -> Option<RemittanceClaimState> {
    match pb::RemittanceClaimState::try_from(state).ok()? {
        pb::RemittanceClaimState::Posted => Some(RemittanceClaimState::Posted),
        pb::RemittanceClaimState::Parked => Some(RemittanceClaimState::Parked),
        pb::RemittanceClaimState::Unmatched => Some(RemittanceClaimState::Unmatched),
        pb::RemittanceClaimState::Dismissed => Some(RemittanceClaimState::Dismissed),
        pb::RemittanceClaimState::Unspecified => None,
    }
}

const fn state_to_pb(state: RemittanceClaimState) -> pb::RemittanceClaimState {
    match state {
        RemittanceClaimState::Posted => pb::RemittanceClaimState::Posted,
        RemittanceClaimState::Parked => pb::RemittanceClaimState::Parked,
        RemittanceClaimState::Unmatched => pb::RemittanceClaimState::Unmatched,
        RemittanceClaimState::Dismissed => pb::RemittanceClaimState::Dismissed,
    }
}

fn method_to_pb(method: &str) -> pb::PaymentMethod {
    match method {
        "ach" => pb::PaymentMethod::Ach,
        "check" => pb::PaymentMethod::Check,
        "wire" => pb::PaymentMethod::Wire,
        "card" => pb::PaymentMethod::Card,
        "none" => pb::PaymentMethod::None,
        _ => pb::PaymentMethod::Unspecified,
    }
}

#[must_use]
pub fn to_pb(payment: Payment) -> pb::Remittance {
    let Payment { remittance, account } = payment;
    let Remittance {
        id,
        payer_id,
        payer_trace,
        payment_reference,
        payment_method,
        payment_date,
        payment_amount,
        claim_count,
        is_complete,
        received_at,
    } = remittance;
    let state = if is_complete { pb::RemittanceState::Complete } else { pb::RemittanceState::Incomplete };
    pb::Remittance {
        id: id.to_string(),
        payer_id: payer_id.unwrap_or_default(),
        payer_trace,
        payment_reference,
        payment_method: method_to_pb(&payment_method).into(),
        paid_on: Some(parts(payment_date).into()),
        payment_amount: money::text(&payment_amount),
        claim_count,
        state: state.into(),
        received_at: Some(timestamp(received_at)),
        provider_adjustments: account.into_iter().map(account_to_pb).collect(),
    }
}

fn account_to_pb(entry: AccountEntry) -> pb::ProviderAdjustment {
    let AccountEntry { ordinal, reason_code, reference, amount } = entry;
    let reference = reference.unwrap_or_default();
    pb::ProviderAdjustment { ordinal, reason_code, reference, amount: money::text(&amount) }
}

#[must_use]
pub fn told_to_pb(told: RemittanceClaim) -> pb::RemittanceClaim {
    let adjustments = told.adjusted().map(adjusted_to_pb).collect();
    let RemittanceClaim {
        id,
        remittance_id,
        ordinal,
        claim_id,
        claim_number,
        payer_claim_number,
        payer_status_code,
        service_date,
        charge_amount,
        paid_amount,
        patient_responsibility_amount,
        adjustments: _,
        lines: _,
        member_id,
        state,
        state_reason,
        acknowledgment_id: _,
        matched_at,
        matched_by,
        version,
    } = told;
    pb::RemittanceClaim {
        id: id.to_string(),
        remittance_id: remittance_id.to_string(),
        ordinal,
        state: state_to_pb(state).into(),
        state_reason: state_reason.unwrap_or_default(),
        claim_id: claim_id.map(|id| id.to_string()).unwrap_or_default(),
        claim_number,
        payer_claim_number: payer_claim_number.unwrap_or_default(),
        payer_status_code,
        member_id: member_id.unwrap_or_default(),
        service_date: service_date.map(|day| parts(day).into()),
        charge_amount: money::text(&charge_amount),
        paid_amount: money::text(&paid_amount),
        patient_responsibility_amount: money::text(&patient_responsibility_amount),
        adjustments,
        matched_at: matched_at.map(timestamp),
        matched_by: matched_by.map(|id| id.to_string()).unwrap_or_default(),
        etag: etag::of(version),
    }
}

fn adjusted_to_pb(adjusted: &Adjusted) -> pb::Adjustment {
    let group = match adjusted.group.as_str() {
        "CO" => pb::AdjustmentGroup::Contractual,
        "PR" => pb::AdjustmentGroup::PatientResponsibility,
        "OA" => pb::AdjustmentGroup::Other,
        "PI" => pb::AdjustmentGroup::PayerInitiated,
        // a correction, which 5010 has not
        _ => pb::AdjustmentGroup::Unspecified,
    };
    pb::Adjustment { group: group.into(), reason: adjusted.reason.clone(), amount: money::text(&adjusted.amount) }
}
