//! Who takes part in a claim: submitter and receiver, providers, subscriber, patient and payer.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::code::{Sequence, Sex, TaxIdType};
use super::shows_only;

/// Who sends the file: loop 1000A.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submitter {
    /// NM103.
    pub name: String,
    /// NM109: the id that the receiver gave.
    pub id: String,
    /// PER02; empty when it is the same as `name`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub contact_name: String,
    /// PER04: ten digits.
    pub phone: String,
}

/// Who takes the file: loop 1000B.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    /// NM103.
    pub name: String,
    /// NM109.
    pub id: String,
}

/// An address in the United States: N3 and N4.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    pub line1: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub line2: String,
    pub city: String,
    /// Two letters.
    pub state: String,
    /// Five or nine digits without a hyphen; nine for providers.
    pub zip_code: String,
}

/// A person's name: NM103 to NM105 and NM107.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    pub last: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub first: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub middle: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub suffix: String,
}

/// Who bills: loops 2000A, 2010AA and 2010AB.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BillingProvider {
    /// The practice's legal name, or the last name of a therapist who bills as a person.
    pub name: String,
    /// Given for a person only; makes NM102 `1`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub first_name: String,
    pub npi: String,
    /// Nine digits.
    pub tax_id: String,
    #[serde(default = "employer")]
    pub tax_id_type: TaxIdType,
    /// PRV*BI.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub taxonomy: String,
    /// Where the practice is; no post office box.
    pub address: Address,
    /// Where payments go, if not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pay_to: Option<Address>,
    /// PER02, written with a phone number only.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub contact_name: String,
    /// PER04: ten digits.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone: String,
}

const fn employer() -> TaxIdType {
    TaxIdType::Employer
}

/// Whose insurance it is: loops 2000B and 2010BA.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscriber {
    /// SBR01.
    pub sequence: Sequence,
    /// SBR03.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group_number: String,
    /// SBR04; only without a group number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group_name: String,
    /// SBR05: why Medicare comes second.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub insurance_type: String,
    /// SBR09: the kind of plan.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub filing_indicator: String,
    pub name: Name,
    /// NM109.
    pub member_id: String,
    /// With `birth_date` and `sex` required when the subscriber is the patient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<NaiveDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
}

/// Who is asked to pay: loop 2010BB.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payer {
    /// NM103.
    pub name: String,
    /// NM109: the id in the receiver's payer list.
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}

/// A patient who is not the subscriber: loops 2000C and 2010CA.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patient {
    /// PAT01: what the patient is to the subscriber, `01` spouse, `19` child, …
    pub relationship: String,
    pub name: Name,
    pub address: Address,
    pub birth_date: NaiveDate,
    pub sex: Sex,
}

/// Who rendered the services: loop 2310B.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    pub last_name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub first_name: String,
    pub npi: String,
    /// PRV*PE.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub taxonomy: String,
}

/// Who supervised them: loop 2310D.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supervisor {
    pub last_name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub first_name: String,
    pub npi: String,
}

/// Where the services were rendered, if not at the billing provider's: loop 2310C.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceFacility {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub npi: String,
    pub address: Address,
}

shows_only! {
    Submitter { id }
    Receiver { id }
    Address {}
    Name {}
    BillingProvider { tax_id_type }
    Subscriber { sequence, filing_indicator }
    Payer { id }
    Patient { relationship }
    Provider {}
    Supervisor {}
    ServiceFacility {}
}
