//! BHT and loops 1000A and 1000B.

use super::Scope;
use super::value::{misplaced, optional, read, required};
use crate::claim::{BatchHeader, Purpose, Receiver, Submitter};
use crate::error::Fault;
use crate::segment::Segment;
use crate::value;

/// The header as far as it was read.
pub(super) struct Draft(BatchHeader);

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Draft").field(&self.0).finish()
    }
}

impl Default for Draft {
    fn default() -> Self {
        Self(BatchHeader {
            reference: String::new(),
            created_at: chrono::NaiveDateTime::default(),
            purpose: Purpose::Original,
            submitter: Submitter {
                name: String::new(),
                id: String::new(),
                contact_name: String::new(),
                phone: String::new(),
            },
            receiver: Receiver { name: String::new(), id: String::new() },
        })
    }
}

impl Draft {
    pub(super) fn take(&mut self) -> BatchHeader {
        std::mem::take(self).0
    }

    pub(super) fn segment(&mut self, scope: Scope, segment: &Segment<'_>) -> Result<Option<Scope>, Fault> {
        match (scope, segment.id()) {
            (Scope::Start, "BHT") => self.bht(segment),
            (Scope::Start, _) => Err(Fault::of(segment, 0, "BHT after ST")),
            (Scope::Header, "NM1") if segment.element(1) == "41" => {
                self.0.submitter.name = required(segment, 3, "the submitter's name")?;
                self.0.submitter.id = required(segment, 9, "the submitter's id")?;
                Ok(Some(Scope::Submitter))
            }
            (Scope::Submitter, "PER") => {
                let submitter = &mut self.0.submitter;
                if submitter.phone.is_empty() {
                    let contact = segment.element(2);
                    submitter.contact_name = if contact == submitter.name { String::new() } else { contact.to_owned() };
                    submitter.phone = phone(segment);
                }
                Ok(None)
            }
            (Scope::Submitter, "NM1") if segment.element(1) == "40" => {
                self.0.receiver.name = required(segment, 3, "the receiver's name")?;
                self.0.receiver.id = required(segment, 9, "the receiver's id")?;
                Ok(Some(Scope::Receiver))
            }
            (Scope::Header, _) => Err(Fault::of(segment, 0, "NM1*41, the submitter")),
            (Scope::Submitter, _) => Err(Fault::of(segment, 0, "PER, or NM1*40, the receiver")),
            _ => Err(misplaced(segment)),
        }
    }

    fn bht(&mut self, bht: &Segment<'_>) -> Result<Option<Scope>, Fault> {
        if bht.element(1) != "0019" {
            return Err(Fault::of(bht, 1, "0019"));
        }
        let header = &mut self.0;
        header.purpose = read(bht, 2, Purpose::from_code, "00 or 18")?;
        header.reference = required(bht, 3, "the reference of the batch")?;
        let day = read(bht, 4, value::date8, "a date CCYYMMDD")?;
        header.created_at = day.and_time(read(bht, 5, value::time, "a time HHMM")?);
        Ok(Some(Scope::Header))
    }
}

/// The phone number of a PER, wherever among its numbers it stands.
pub(super) fn phone(per: &Segment<'_>) -> String {
    [3, 5, 7]
        .into_iter()
        .find(|&qualifier| per.element(usize::from(qualifier)) == "TE")
        .map_or_else(String::new, |qualifier: u8| optional(per, qualifier + 1))
}
