//! Entries on the wire.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::Violations;
use kernel::clock::timestamp;
use kernel::id::PatientId;
use therapy_claims::audit::v1 as pb;
use therapy_claims::common::v1 as common;
use uuid::Uuid;

use super::{ActorKind, FieldClass, Purpose, Record, RecordFilter};
use crate::entry::{Action, Outcome};

/// Resource types and ids are short words of our own.
const WORD_MAX: usize = 64;

/// The longest time range of an export.
const EXPORT_MAX: TimeDelta = TimeDelta::days(400);

/// Reads which entries are asked for.
pub fn filter(v: &mut Violations, request: &pb::ListEntriesRequest) -> RecordFilter {
    let pb::ListEntriesRequest {
        page_size: _,
        page_token: _,
        from_time,
        to_time,
        actor_id,
        action: _,
        resource_type,
        resource_id,
        outcome: _,
        patient_id,
        break_glass_id,
        under_break_glass,
    } = request;
    let (from, to) = (v.optional_time("from_time", *from_time), v.optional_time("to_time", *to_time));
    let filter = RecordFilter {
        actor_id: v.optional_id::<()>("actor_id", actor_id).map(kernel::Id::uuid),
        action: action(v, request),
        resource_type: v.optional_text("resource_type", resource_type, WORD_MAX),
        resource_id: v.optional_text("resource_id", resource_id, WORD_MAX),
        outcome: outcome(v, request),
        patient_id: v.optional_id("patient_id", patient_id),
        break_glass_id: v.optional_id("break_glass_id", break_glass_id),
        under_break_glass: *under_break_glass,
        ..between(v, from, to)
    };
    if filter.resource_id.is_some() && filter.resource_type.is_none() {
        v.add("resource_type", "is required with resource_id");
    }
    filter
}

/// Reads which accesses to the patient are asked for.
pub fn access_filter(v: &mut Violations, patient: PatientId, request: &pb::ListPatientAccessesRequest) -> RecordFilter {
    let pb::ListPatientAccessesRequest { patient_id: _, page_size: _, page_token: _, from_time, to_time } = request;
    let (from, to) = (v.optional_time("from_time", *from_time), v.optional_time("to_time", *to_time));
    RecordFilter { patient_id: Some(patient), ..between(v, from, to) }
}

/// Reads what is to be exported: the range, with a beginning, and the position that it goes on behind.
pub fn exported(v: &mut Violations, now: DateTime<Utc>, request: &pb::ExportEntriesRequest) -> (RecordFilter, i64) {
    let pb::ExportEntriesRequest { from_time, to_time, after_position } = request;
    let (from, to) = (v.optional_time("from_time", *from_time), v.optional_time("to_time", *to_time));
    if *after_position < 0 {
        v.add("after_position", "must not be negative");
    }
    let filter = between(v, from, to);
    let from = filter.begins_at(now);
    if to.unwrap_or(now) - from > EXPORT_MAX {
        v.add("from_time", "must be at most 400 days before to_time");
    }
    (RecordFilter { from: Some(from), ..filter }, *after_position)
}

/// A filter of nothing but its times.
fn between(v: &mut Violations, from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>) -> RecordFilter {
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        v.add("to_time", "must be after from_time");
    }
    RecordFilter { from, to, ..RecordFilter::default() }
}

fn action(v: &mut Violations, request: &pb::ListEntriesRequest) -> Option<Action> {
    match pb::AuditAction::try_from(request.action) {
        Ok(pb::AuditAction::Unspecified) => None,
        Ok(pb::AuditAction::View) => Some(Action::View),
        Ok(pb::AuditAction::Create) => Some(Action::Create),
        Ok(pb::AuditAction::Update) => Some(Action::Update),
        Ok(pb::AuditAction::Delete) => Some(Action::Delete),
        Ok(pb::AuditAction::Export) => Some(Action::Export),
        Ok(pb::AuditAction::Auth) => Some(Action::Auth),
        Ok(pb::AuditAction::PermissionChange) => Some(Action::PermissionChange),
        Ok(pb::AuditAction::BreakGlass) => Some(Action::BreakGlass),
        Err(_unknown) => {
            v.add("action", "must be a known value");
            None
        }
    }
}

fn outcome(v: &mut Violations, request: &pb::ListEntriesRequest) -> Option<Outcome> {
    match pb::AuditOutcome::try_from(request.outcome) {
        Ok(pb::AuditOutcome::Unspecified) => None,
        Ok(pb::AuditOutcome::Allowed) => Some(Outcome::Allowed),
        Ok(pb::AuditOutcome::Denied) => Some(Outcome::Denied),
        Ok(pb::AuditOutcome::Failed) => Some(Outcome::Failed),
        Err(_unknown) => {
            v.add("outcome", "must be a known value");
            None
        }
    }
}

/// An entry as its readers get it.
#[must_use]
pub fn to_pb(record: Record) -> pb::AuditEntry {
    let Record {
        practice_id,
        position,
        recorded_at,
        actor_kind,
        user_id,
        account_id,
        actor_role,
        token_key_id,
        action,
        outcome,
        reason,
        method,
        resource_type,
        resource_ids,
        resource_count,
        patient_ids,
        accessed_phi,
        field_classes,
        purpose,
        request_id,
        ip_address,
        attempts,
        break_glass_id,
    } = record;
    let actor_id = user_id.map(|id| id.to_string()).or_else(|| account_id.map(|id| id.to_string()));
    pb::AuditEntry {
        practice_id: practice_id.to_string(),
        position,
        recorded_at: Some(timestamp(recorded_at)),
        actor: Some(common::Actor { kind: kind_to_pb(actor_kind).into(), id: actor_id.unwrap_or_default() }),
        acting_role: actor_role,
        token_id: token_key_id,
        action: action_to_pb(action).into(),
        method,
        resource_type,
        resource_ids,
        resource_count,
        patient_ids: patient_ids.iter().map(Uuid::to_string).collect(),
        accessed_phi,
        field_classes: field_classes.into_iter().map(|class| class_to_pb(class).into()).collect(),
        purpose: purpose_to_pb(purpose).into(),
        request_id,
        ip_address: ip_address.unwrap_or_default(),
        outcome: outcome_to_pb(outcome).into(),
        reason: reason.unwrap_or_default(),
        attempts,
        break_glass_id: break_glass_id.map(|id| id.to_string()).unwrap_or_default(),
    }
}

const fn kind_to_pb(kind: ActorKind) -> common::ActorKind {
    match kind {
        ActorKind::User => common::ActorKind::User,
        ActorKind::Service => common::ActorKind::ServiceAccount,
        ActorKind::System => common::ActorKind::System,
        ActorKind::Anonymous => common::ActorKind::Anonymous,
    }
}

const fn action_to_pb(action: Action) -> pb::AuditAction {
    match action {
        Action::View => pb::AuditAction::View,
        Action::Create => pb::AuditAction::Create,
        Action::Update => pb::AuditAction::Update,
        Action::Delete => pb::AuditAction::Delete,
        Action::Export => pb::AuditAction::Export,
        Action::Auth => pb::AuditAction::Auth,
        Action::PermissionChange => pb::AuditAction::PermissionChange,
        Action::BreakGlass => pb::AuditAction::BreakGlass,
    }
}

const fn outcome_to_pb(outcome: Outcome) -> pb::AuditOutcome {
    match outcome {
        Outcome::Allowed => pb::AuditOutcome::Allowed,
        Outcome::Denied => pb::AuditOutcome::Denied,
        Outcome::Failed => pb::AuditOutcome::Failed,
    }
}

const fn class_to_pb(class: FieldClass) -> pb::FieldClass {
    match class {
        FieldClass::Demographic => pb::FieldClass::Demographic,
        FieldClass::ClinicalCode => pb::FieldClass::ClinicalCode,
        FieldClass::Financial => pb::FieldClass::Financial,
    }
}

const fn purpose_to_pb(purpose: Purpose) -> pb::PurposeOfUse {
    match purpose {
        Purpose::Payment => pb::PurposeOfUse::Payment,
        Purpose::Treatment => pb::PurposeOfUse::Treatment,
        Purpose::Operations => pb::PurposeOfUse::Operations,
        Purpose::Emergency => pb::PurposeOfUse::Emergency,
    }
}
