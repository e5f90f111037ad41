//! Who is named in an answer: people, who are never told by `Debug`, and organisations.

use std::fmt;

use serde::Serialize;

use crate::field;
use crate::segment::Segment;

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
    pub id_qualifier: Option<String>,
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
            id_qualifier: field::text(nm1, 8),
            id: field::text(nm1, 9),
        }
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").finish_non_exhaustive()
    }
}
