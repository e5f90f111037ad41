//! One line of the trail: who did what to which rows, in ids only. No names, no codes, no search text.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use kernel::access::{Actor, BreakGlass};
use kernel::method::PhiUse;
use kernel::phi::Disclosed;
use kernel::scope::Facts;
use kernel::{Scope, text_enum};
use prost::Message;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{fields, store};

text_enum! {
    pub enum Action {
        View = "view",
        Create = "create",
        Update = "update",
        Delete = "delete",
        Export = "export",
        Auth = "auth",
        PermissionChange = "permission_change",
        BreakGlass = "break_glass",
    }
}

text_enum! {
    pub enum Outcome {
        Allowed = "allowed",
        Denied = "denied",
        Failed = "failed",
    }
}

/// What a caller without a credential acts as.
const NOBODY: &str = "nobody";

/// Ids listed in one entry; longer lists are cut, with the full count beside them.
pub const IDS_MAX: usize = 200;

/// Patients named in one entry: as many as the largest page can show, so that who saw a patient is always found.
pub const PATIENTS_MAX: usize = 500;

fn opened(glass: &BreakGlass) -> (Uuid, Uuid) {
    (glass.patient_id.uuid(), glass.id.uuid())
}

/// An entry, ready to be appended to its practice's chain.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(crate) practice: Uuid,
    pub(crate) actor: Actor,
    pub(crate) acting_as: &'static str,
    pub(crate) key_id: String,
    pub(crate) action: Action,
    pub(crate) resource: String,
    pub(crate) ids: Vec<Uuid>,
    /// Resources that are not named by a UUID: token key ids.
    pub(crate) keys: Vec<String>,
    pub(crate) count: i64,
    /// Digest over all ids, once there are more than can be listed.
    pub(crate) rest: Option<Sha256>,
    pub(crate) patients: Vec<Uuid>,
    /// Patients of others that the caller reads in an emergency, and the emergencies.
    opened: Vec<(Uuid, Uuid)>,
    /// Set once such a patient was shown.
    pub(crate) break_glass: Option<Uuid>,
    pub(crate) accessed_phi: bool,
    pub(crate) method: &'static str,
    pub(crate) request_id: String,
    pub(crate) peer: Option<IpAddr>,
    pub(crate) outcome: Outcome,
    /// Why it was denied or failed: a reason of the API.
    pub(crate) reason: Option<String>,
    /// How many attempts it stands for.
    pub(crate) attempts: i32,
    pub(crate) recorded_at: DateTime<Utc>,
}

impl Entry {
    /// An entry for what was disclosed or changed in this scope.
    pub fn of<T: Disclosed>(scope: &Scope, action: Action, what: &T) -> Self {
        let mut entry = Self::bare(scope, action, T::RESOURCE);
        what.disclosed(&mut |id, patient| entry.add(id, patient));
        entry
    }

    /// An entry that names no rows yet.
    #[must_use]
    pub fn bare(scope: &Scope, action: Action, resource: &str) -> Self {
        let facts = scope.facts();
        Self {
            practice: scope.practice().uuid(),
            actor: scope.actor(),
            acting_as: scope.acting_as(),
            key_id: scope.key_id().to_owned(),
            action,
            resource: resource.to_owned(),
            ids: Vec::new(),
            keys: Vec::new(),
            count: 0,
            rest: None,
            patients: Vec::new(),
            opened: scope.own().map_or_else(Vec::new, |own| own.break_glasses.iter().map(opened).collect()),
            break_glass: None,
            accessed_phi: facts.method.phi != PhiUse::None,
            method: facts.method.path,
            request_id: facts.request_id.clone(),
            peer: facts.peer,
            outcome: Outcome::Allowed,
            reason: None,
            attempts: 1,
            recorded_at: facts.clock.now(),
        }
    }

    /// An entry of a caller that nobody knows: failed log-ins, refused credentials. System chain.
    #[must_use]
    pub fn anonymous(facts: &Facts, action: Action, resource: &str) -> Self {
        Self {
            practice: Uuid::nil(),
            actor: Actor::System,
            acting_as: NOBODY,
            key_id: String::new(),
            action,
            resource: resource.to_owned(),
            ids: Vec::new(),
            keys: Vec::new(),
            count: 0,
            rest: None,
            patients: Vec::new(),
            opened: Vec::new(),
            break_glass: None,
            accessed_phi: false,
            method: facts.method.path,
            request_id: facts.request_id.clone(),
            peer: facts.peer,
            outcome: Outcome::Allowed,
            reason: None,
            attempts: 1,
            recorded_at: facts.clock.now(),
        }
    }

    /// Adds a row, and the patient it speaks of.
    pub fn add(&mut self, id: Uuid, patient: Option<Uuid>) {
        self.count += 1;
        if self.ids.len() < IDS_MAX {
            self.ids.push(id);
        } else {
            self.rest.get_or_insert_with(|| store::start_hash(&self.ids)).update(id.as_bytes());
        }
        if let Some(patient) = patient {
            self.add_patient(patient);
        }
    }

    /// Adds a patient that the rows speak of.
    pub(crate) fn add_patient(&mut self, patient: Uuid) {
        if let Some((_, emergency)) = self.opened.iter().find(|(opened, _)| *opened == patient) {
            self.break_glass = Some(*emergency);
        }
        if self.patients.len() < PATIENTS_MAX && !self.patients.contains(&patient) {
            self.patients.push(patient);
        }
    }

    /// Adds a row that has no UUID. `key` must be of letters, digits, `-` and `_`.
    pub(crate) fn add_key(&mut self, key: &str) {
        self.count += 1;
        let key: String = key.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
        if self.keys.len() < IDS_MAX {
            self.keys.push(key);
        } else {
            self.rest.get_or_insert_with(|| store::start_hash_of_keys(&self.keys)).update(store::terminated(&key));
        }
    }

    #[must_use]
    pub fn with(mut self, id: Uuid) -> Self {
        self.add(id, None);
        self
    }

    /// Names a resource that has no UUID. `key` must be of letters, digits, `-` and `_`.
    #[must_use]
    pub fn with_key(mut self, key: &str) -> Self {
        self.add_key(key);
        self
    }

    /// The call was refused or went wrong: nothing was accessed then. An outcome that is allowed takes the reason that
    /// the caller gave.
    #[must_use]
    pub fn ended(mut self, outcome: Outcome, reason: &str) -> Self {
        self.accessed_phi &= outcome == Outcome::Allowed;
        self.outcome = outcome;
        self.reason = Some(reason.to_owned());
        self
    }

    pub(crate) fn count(&self) -> i32 {
        i32::try_from(self.count).unwrap_or(i32::MAX)
    }

    pub(crate) fn resource_hash(&self) -> Option<Vec<u8>> {
        self.rest.as_ref().map(|hasher| hasher.clone().finalize().to_vec())
    }

    /// What kinds of data were shown or changed; nothing was when it was refused.
    pub(crate) fn field_classes(&self) -> &'static [&'static str] {
        if self.accessed_phi { fields::classes(&self.resource, self.acting_as) } else { &[] }
    }

    pub(crate) fn is_anonymous(&self) -> bool {
        self.acting_as == NOBODY
    }

    /// Why the data was used, by who used it.
    pub(crate) fn purpose(&self) -> &'static str {
        if self.break_glass.is_some() {
            return "emergency";
        }
        match self.acting_as {
            "therapist" => "treatment",
            "billing" | "service" => "payment",
            _ => "operations",
        }
    }

    /// What a stored answer must keep so that its repeat can be recorded.
    pub(crate) fn memo(&self) -> Vec<u8> {
        let bytes = |ids: &[Uuid]| ids.iter().flat_map(|id| *id.as_bytes()).collect();
        Memo {
            action: self.action.as_str().to_owned(),
            resource: self.resource.clone(),
            ids: bytes(&self.ids),
            patients: bytes(&self.patients),
            count: self.count,
            keys: self.keys.clone(),
        }
        .encode_to_vec()
    }

    /// The entry of a repeat: the same rows went out again, to the caller of today.
    pub(crate) fn repeated(scope: &Scope, memo: &[u8]) -> Option<Self> {
        let memo = Memo::decode(memo).ok()?;
        let ids = |bytes: &[u8]| bytes.chunks_exact(16).filter_map(|b| Uuid::from_slice(b).ok()).collect();
        Some(Self {
            ids: ids(&memo.ids),
            patients: ids(&memo.patients),
            count: memo.count,
            keys: memo.keys,
            ..Self::bare(scope, memo.action.parse().ok()?, &memo.resource)
        })
    }
}

#[derive(Message)]
struct Memo {
    #[prost(string, tag = "1")]
    action: String,
    #[prost(string, tag = "2")]
    resource: String,
    #[prost(bytes = "vec", tag = "3")]
    ids: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    patients: Vec<u8>,
    #[prost(int64, tag = "5")]
    count: i64,
    #[prost(string, repeated, tag = "6")]
    keys: Vec<String>,
}
