//! Typed ids: a UUIDv7 that remembers what it names, so a patient's id can't stand in for a claim's.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of a `K`: a UUIDv7 made by the service, written in lower case on the wire.
#[derive(AsExpression, FromSqlRow, Serialize, Deserialize)]
#[diesel(sql_type = sql_types::Uuid)]
#[serde(transparent, bound = "")]
pub struct Id<K: 'static>(Uuid, #[serde(skip)] PhantomData<fn() -> K>);

impl<K> Id<K> {
    /// The id of the system's own chain and of nobody's practice.
    pub const NIL: Self = Self(Uuid::nil(), PhantomData);

    /// Makes a fresh id. They sort by the time they were made.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that makes ids")]
    #[expect(clippy::new_without_default, reason = "a fresh id is not a default value")]
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::now_v7(), PhantomData)
    }

    /// Names an existing row.
    #[must_use]
    pub const fn from_uuid(id: Uuid) -> Self {
        Self(id, PhantomData)
    }

    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

/// Not a UUID in the 36-character form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnId;

impl<K> FromStr for Id<K> {
    type Err = NotAnId;

    /// Accepts the hyphenated form only: one resource has one spelling.
    fn from_str(s: &str) -> Result<Self, NotAnId> {
        if s.len() != 36 {
            return Err(NotAnId);
        }
        Uuid::try_parse(s).map(Self::from_uuid).map_err(|_error| NotAnId)
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K> FromSql<sql_types::Uuid, Pg> for Id<K> {
    fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        <Uuid as FromSql<sql_types::Uuid, Pg>>::from_sql(value).map(Self::from_uuid)
    }
}
impl<K> ToSql<sql_types::Uuid, Pg> for Id<K> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <Uuid as ToSql<sql_types::Uuid, Pg>>::to_sql(&self.0, out)
    }
}

macro_rules! kinds {
    ($($kind:ident => $alias:ident;)*) => {
        /// What an id can name. Empty types: they exist at compile time only.
        pub mod kind {
            $(
                #[derive(Debug, Clone, Copy)]
                pub enum $kind {}
            )*
        }
        $(
            #[doc = concat!("Names one `", stringify!($kind), "`.")]
            pub type $alias = Id<kind::$kind>;
        )*
    };
}

kinds! {
    Practice => PracticeId;
    User => UserId;
    ServiceAccount => ServiceAccountId;
    Therapist => TherapistId;
    Patient => PatientId;
    Coverage => CoverageId;
    NetworkStatus => NetworkStatusId;
    Session => SessionId;
    Claim => ClaimId;
    Submission => SubmissionId;
    Event => EventId;
    Subscription => SubscriptionId;
    Response => ResponseId;
    Request => RequestId;
    LedgerEntry => LedgerEntryId;
    AuditEntry => AuditEntryId;
    Lease => LeaseId;
    BreakGlass => BreakGlassId;
    ClaimAction => ClaimActionId;
    Batch => BatchId;
    InboundFile => InboundFileId;
    InboundMessage => InboundMessageId;
    Remittance => RemittanceId;
    RemittanceClaim => RemittanceClaimId;
    PracticeLedgerEntry => PracticeLedgerEntryId;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_survives_the_wire(bytes: [u8; 16]) {
            let id = PatientId::from_uuid(Uuid::from_bytes(bytes));
            prop_assert_eq!(id.to_string().parse::<PatientId>(), Ok(id));
        }

        #[test]
        fn nothing_but_the_hyphenated_form_parses(text in "[0-9a-f-]{0,40}") {
            if let Ok(id) = text.parse::<PatientId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn fresh_ids_sort_by_birth() {
        let ids: Vec<_> = (0..1000).map(|_| ClaimId::new()).collect();
        assert!(ids.is_sorted());
    }
}
