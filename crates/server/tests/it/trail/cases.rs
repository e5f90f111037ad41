//! The calls that are made of every RPC: one that ends well, and one for each way of ending otherwise.

use kernel::access::Level;
use kernel::{Permission, Role};
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, ReflectMessage, Value};
use therapy_claims::Method;
use therapy_claims::client::request_id;

use crate::dynamic::keyed_with;
use crate::isolation::{Way, creates, ids, put};
use crate::ready::{Ready, Stage};
use crate::world::World;

/// How a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Case {
    /// As it should be.
    Well,
    /// The same request under the same key.
    Repeated,
    /// The same request under another key, when what it is about is already done.
    Again,
    /// With the etag of another version.
    Stale,
    /// By somebody whose role or scope doesn't allow it.
    Denied,
    /// In a practice where the caller has no place.
    Elsewhere,
    /// Without a credential.
    Nobody,
    /// About what another practice has.
    Foreign,
    /// About what there is not.
    Absent,
    /// With an id that is none, a page of -1, or nothing of what is required.
    Invalid,
    /// With bytes that are no message.
    Unreadable,
}

pub(super) const CASES: [Case; 11] = [
    Case::Well,
    Case::Repeated,
    Case::Again,
    Case::Stale,
    Case::Denied,
    Case::Elsewhere,
    Case::Nobody,
    Case::Foreign,
    Case::Absent,
    Case::Invalid,
    Case::Unreadable,
];

/// A call that is to be made.
pub(super) struct Sent {
    pub(super) token: String,
    pub(super) practice: String,
    pub(super) message: Vec<u8>,
}

/// Who is refused what: the callers of a practice, each as far as its role or scope goes.
pub(super) struct Powerless<'a> {
    pub(super) world: &'a World,
    /// A service account whose scope opens next to nothing.
    pub(super) narrow: &'a str,
}

impl Powerless<'_> {
    /// Somebody who may not; nobody when everybody may.
    fn token(&self, permission: Permission) -> Option<&str> {
        let [admin, therapist, billing, front_desk] = &self.world.practice.tokens;
        let roles = [
            (Role::FrontDesk, front_desk),
            (Role::Therapist, therapist),
            (Role::Billing, billing),
            (Role::Admin, admin),
        ];
        if is_everybodys(permission) {
            return None;
        }
        let refused = roles.into_iter().find(|(role, _token)| role.level(permission) == Level::No);
        Some(refused.map_or(self.narrow, |(_role, token)| token.as_str()))
    }
}

/// Whether the RPC is open to whoever has a credential, or to everybody.
pub(super) const fn is_everybodys(permission: Permission) -> bool {
    matches!(permission, Permission::Public | Permission::Authenticated | Permission::PracticesCreate)
}

/// One RPC, with what its calls are made of.
pub(super) struct Caller<'a> {
    pub(super) stage: &'a Stage<'a>,
    pub(super) here: &'a World,
    pub(super) elsewhere: &'a World,
    pub(super) powerless: Powerless<'a>,
}

impl Caller<'_> {
    /// What to send, if there is such a case of the RPC; `before` is what ended well.
    pub(super) async fn sent(
        &self,
        case: Case,
        method: &'static Method,
        input: &MessageDescriptor,
        before: Option<&Sent>,
    ) -> Option<Sent> {
        let permission: Permission = method.permission.parse().unwrap();
        let practice = self.here.practice.id.clone();
        if matches!(case, Case::Repeated | Case::Again) {
            let Sent { token, message, .. } = before.filter(|_| method.mutates && !method.client_streaming)?;
            let mut message = DynamicMessage::decode(input.clone(), message.as_slice()).unwrap();
            let key = message.get_field_by_name("request_id").and_then(|key| key.as_str().map(str::to_owned))?;
            let key = if case == Case::Again { request_id() } else { key };
            let message = keyed_with(std::mem::replace(&mut message, DynamicMessage::new(input.clone())), &key);
            return Some(Sent { token: token.clone(), practice, message });
        }
        let Ready { token, message, .. } = self.stage.ready(method, input).await;
        let mut sent = Sent { token, practice, message: Vec::new() };
        let ways = ids(input, creates(method), 2);
        let changed = match case {
            Case::Well | Case::Repeated | Case::Again => message,
            Case::Stale => stale(message)?,
            Case::Denied => {
                sent.token = self.powerless.token(permission)?.to_owned();
                message
            }
            Case::Elsewhere => {
                sent.practice.clone_from(&self.elsewhere.practice.id);
                message
            }
            Case::Nobody => {
                sent.token.clear();
                message
            }
            Case::Foreign if ways.is_empty() => return None,
            Case::Foreign => self.elsewhere.aimed(method, input),
            Case::Absent => with_ids(message, &ways, request_id)?,
            Case::Invalid => match with_ids(message, &ways, || "no id".to_owned()) {
                Some(message) => message,
                None => empty(input),
            },
            Case::Unreadable => {
                sent.message = vec![0xff];
                return Some(sent);
            }
        };
        sent.message = keyed_with(changed, &request_id());
        Some(sent)
    }
}

/// The message with all its ids exchanged.
fn with_ids(mut message: DynamicMessage, ways: &[Way], id: impl Fn() -> String) -> Option<DynamicMessage> {
    let given: Vec<_> = ways.iter().filter(|way| is_given(&message, way)).collect();
    for way in &given {
        put(&mut message, way, &id());
    }
    (!given.is_empty()).then_some(message)
}

/// Whether the message says something there.
fn is_given(message: &DynamicMessage, way: &[prost_reflect::FieldDescriptor]) -> bool {
    let [field, rest @ ..] = way else { return true };
    let value = message.get_field(field);
    if let Some(text) = value.as_str() {
        return !text.is_empty();
    }
    if let Some(list) = value.as_list() {
        return list.first().is_some_and(|first| first.as_message().is_none_or(|first| is_given(first, rest)));
    }
    message.has_field(field) && value.as_message().is_some_and(|inner| is_given(inner, rest))
}

/// A message without what is required; where nothing is, it asks for a page of -1.
fn empty(input: &MessageDescriptor) -> DynamicMessage {
    let mut message = DynamicMessage::new(input.clone());
    if let Some(field) = input.get_field_by_name("page_size") {
        message.set_field(&field, Value::I32(-1));
    }
    if let Some(field) = input.get_field_by_name("after_position") {
        message.set_field(&field, Value::I64(-1));
    }
    message
}

/// The message with the etag of a version that there never was.
fn stale(mut message: DynamicMessage) -> Option<DynamicMessage> {
    let etag = || Value::String("999999".to_owned());
    if let Some(field) = message.descriptor().get_field_by_name("etag") {
        message.set_field(&field, etag());
        return Some(message);
    }
    let inner = message.descriptor().fields().find(|field| {
        let Kind::Message(inner) = field.kind() else { return false };
        !field.is_list() && inner.full_name().starts_with("therapy.") && inner.get_field_by_name("etag").is_some()
    })?;
    let is_an_update = message.descriptor().name().starts_with("Update");
    let Value::Message(resource) = message.get_field_mut(&inner) else { return None };
    let field = resource.descriptor().get_field_by_name("etag")?;
    resource.set_field(&field, etag());
    is_an_update.then_some(message)
}
