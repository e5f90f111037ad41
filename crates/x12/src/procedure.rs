//! A service as a line names it.

use serde::Serialize;

use crate::code::Code;
use crate::error::Fault;
use crate::field;
use crate::segment::Segment;

/// A procedure code with its modifiers, C003.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Procedure {
    /// Which list the code is of: `HC` for HCPCS and CPT, `AD` for dental, `NU` for revenue codes.
    pub qualifier: Code,
    /// The code.
    pub code: Code,
    /// At most four.
    pub modifiers: Vec<Code>,
}

impl Procedure {
    /// Of an element of SVC; none, with a note unless the element is empty, when it tells no procedure.
    pub(crate) fn read(svc: &Segment<'_>, n: u8, notes: &mut Vec<Fault>) -> Option<Self> {
        let mut parts = svc.components(usize::from(n));
        let qualifier = field::code_of(svc, n, parts.next().unwrap_or_default(), notes);
        let code = field::code_of(svc, n, parts.next().unwrap_or_default(), notes);
        let mut modifiers = Vec::new();
        for part in parts.take(4) {
            modifiers.extend(field::code_of(svc, n, part, notes));
        }
        Some(Self { qualifier: qualifier?, code: code?, modifiers })
    }

    /// The components as they are written.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &str> {
        [self.qualifier.as_str(), self.code.as_str()].into_iter().chain(self.modifiers.iter().map(Code::as_str))
    }
}
