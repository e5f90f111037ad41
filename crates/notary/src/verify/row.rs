//! An entry as the table holds it, and whether its columns say what its body says.

use std::fmt::Write as _;

use therapy_claims::audit::v1::EntryBody;
use uuid::Uuid;

/// The columns in the order in which [`super::copy`] reads them.
pub(super) const COLUMNS: &str = "position, recorded_at, actor_kind, user_id, account_id, actor_role, token_key_id, action, \
     outcome, reason, method, resource_type, resource_ids, resource_count, resource_hash, patient_ids, accessed_phi, \
     field_classes, purpose, request_id, ip_address, break_glass_id, attempts, body, mac, hash";

/// One entry; texts and bytes are borrowed from whatever was read.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    pub position: i64,
    /// Microseconds since 1970 UTC.
    pub recorded_at: i64,
    pub actor_kind: &'a str,
    pub user_id: Option<Uuid>,
    pub account_id: Option<Uuid>,
    pub actor_role: &'a str,
    pub token_key_id: &'a str,
    pub action: &'a str,
    pub outcome: &'a str,
    pub reason: Option<&'a str>,
    pub method: &'a str,
    pub resource_type: &'a str,
    pub resource_ids: Vec<&'a str>,
    pub resource_count: i32,
    pub resource_hash: Option<&'a [u8]>,
    pub patient_ids: Vec<Uuid>,
    pub accessed_phi: bool,
    pub field_classes: Vec<&'a str>,
    pub purpose: &'a str,
    pub request_id: &'a str,
    pub ip_address: Option<&'a str>,
    pub break_glass_id: Option<Uuid>,
    pub attempts: i32,
    pub body: &'a [u8],
    pub mac: &'a [u8],
    pub hash: &'a [u8],
}

impl Row<'_> {
    /// The first column that says something else than the body, which is what was hashed.
    pub(super) fn differing(&self, practice: Uuid, body: &EntryBody) -> Option<&'static str> {
        let (user, account) = match body.actor_kind.as_str() {
            "service" => (&[][..], body.actor_id.as_slice()),
            _ => (body.actor_id.as_slice(), &[][..]),
        };
        let columns = [
            ("practice_id", body.practice_id == practice.as_bytes()),
            ("recorded_at", body.recorded_at == self.recorded_at),
            ("actor_kind", body.actor_kind == self.actor_kind),
            ("user_id", is_id(self.user_id, user)),
            ("account_id", is_id(self.account_id, account)),
            ("actor_role", body.actor_role == self.actor_role),
            ("token_key_id", body.token_key_id == self.token_key_id),
            ("action", body.action == self.action),
            ("outcome", body.outcome == self.outcome),
            ("reason", is_text(self.reason, &body.reason)),
            ("method", body.method == self.method),
            ("resource_type", body.resource_type == self.resource_type),
            ("resource_ids", are_resources(&self.resource_ids, body)),
            ("resource_count", body.resource_count == self.resource_count),
            (
                "resource_hash",
                self.resource_hash.unwrap_or_default() == body.resource_hash && self.resource_hash != Some(&[]),
            ),
            ("patient_ids", are_ids(&self.patient_ids, &body.patient_ids)),
            ("accessed_phi", body.accessed_phi == self.accessed_phi),
            ("field_classes", body.field_classes == self.field_classes),
            ("purpose", body.purpose == self.purpose),
            ("request_id", body.request_id == self.request_id),
            ("ip_address", is_text(self.ip_address, &body.ip_address)),
            ("break_glass_id", is_id(self.break_glass_id, &body.break_glass_id)),
            ("attempts", body.attempts == self.attempts),
        ];
        columns.into_iter().find(|(_column, same)| !same).map(|(column, _same)| column)
    }
}

/// Nothing is NULL in the column and empty in the body.
fn is_text(column: Option<&str>, body: &str) -> bool {
    column.unwrap_or_default() == body && column != Some("")
}

fn is_id(column: Option<Uuid>, body: &[u8]) -> bool {
    column.as_ref().map_or(&[][..], |id| id.as_bytes()) == body
}

fn are_ids(column: &[Uuid], body: &[u8]) -> bool {
    body.len() == 16 * column.len()
        && column.iter().zip(body.chunks_exact(16)).all(|(id, bytes)| id.as_bytes() == bytes)
}

/// Ids first, then names; the column has both as texts.
fn are_resources(column: &[&str], body: &EntryBody) -> bool {
    let ids = body.resource_ids.chunks_exact(16);
    if !ids.remainder().is_empty() || column.len() != ids.len() + body.resource_keys.len() {
        return false;
    }
    let (of_ids, of_keys) = column.split_at(ids.len());
    let mut text = String::with_capacity(36);
    let same = of_ids.iter().zip(ids).all(|(column, id)| {
        text.clear();
        // a String takes whatever is written
        let _ = Uuid::from_slice(id).map(|id| write!(text, "{id}"));
        *column == text
    });
    same && of_keys == body.resource_keys
}
