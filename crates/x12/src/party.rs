//! Who is named in an answer: people, who are never told by `Debug`, and organisations.

use std::fmt;

use serde::Serialize;

use crate::code::Code;
use crate::emit;
use crate::field;
use crate::segment::Segment;
use crate::value;

/// A person as an NM1 segment names them, or an organisation in a person's place.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct Person {
    /// NM103: the last name, or the whole name of an organisation.
    pub last_name: Option<String>,
    /// NM104.
    pub first_name: Option<String>,
    /// NM105.
    pub middle_name: Option<String>,
    /// NM107.
    pub suffix: Option<String>,
    /// NM108: what kind of id the next is, such as `MI` for a member id or `XX` for an NPI.
    pub id_qualifier: Option<Code>,
    /// NM109.
    pub id: Option<String>,
}

impl Person {
    pub(crate) fn read(nm1: &Segment<'_>) -> Self {
        Self {
            last_name: field::text(nm1, 3),
            first_name: field::text(nm1, 4),
            middle_name: field::text(nm1, 5),
            suffix: field::text(nm1, 7),
            id_qualifier: Code::new(value::trimmed(nm1.element(8))),
            id: field::text(nm1, 9),
        }
    }
}

impl Person {
    /// Ends an NM1 of which NM101 is written, as a person's.
    pub(crate) fn write(&self, nm1: &mut emit::Segment<'_>) {
        nm1.text("1").text(or_empty(&self.last_name)).text(or_empty(&self.first_name));
        nm1.text(or_empty(&self.middle_name)).empty(1).text(or_empty(&self.suffix));
        nm1.text(self.id_qualifier.as_ref().map_or("", Code::as_str)).text(or_empty(&self.id));
    }
}

/// What is written for a value that may be left out.
pub(crate) fn or_empty(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").finish_non_exhaustive()
    }
}

/// A postal address: N3 and N4.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Address {
    /// N301.
    pub line1: Option<String>,
    /// N302.
    pub line2: Option<String>,
    /// N401.
    pub city: Option<String>,
    /// N402.
    pub state: Option<String>,
    /// N403.
    pub postal_code: Option<String>,
}

/// Whom to ask: PER.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// PER02.
    pub name: Option<String>,
    /// PER03: `TE` for a telephone number, `EM` for electronic mail, `UR` for a web address.
    pub qualifier: Option<String>,
    /// PER04.
    pub number: Option<String>,
}
