//! What keeps a document from being written: the fields, never their values.

use std::fmt::{self, Display};

/// One field that no document can hold as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field in its JSON form: `lines[0].charge`.
    pub field: String,
    /// What is wrong, without the value.
    pub problem: &'static str,
}

impl Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}

/// A document or a claim was refused before anything of it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", listed(.0))]
pub struct Refused(pub Vec<Violation>);

impl Refused {
    pub(crate) fn one(field: &str, problem: &'static str) -> Self {
        Self(vec![Violation { field: String::from(field), problem }])
    }

    /// The same with the fields named from further out; as they are from nowhere.
    pub(crate) fn under(mut self, path: &str) -> Self {
        for violation in self.0.iter_mut().filter(|_| !path.is_empty()) {
            violation.field = format!("{path}.{}", violation.field);
        }
        self
    }
}

fn listed(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Collects violations; the path of a field is only spelled out when there is one.
#[derive(Debug, Default)]
pub(crate) struct Violations {
    found: Vec<Violation>,
}

impl Violations {
    pub(crate) fn add(&mut self, field: &dyn Display, problem: &'static str) {
        self.found.push(Violation { field: field.to_string(), problem });
    }

    /// Notes the problem unless the condition holds.
    #[inline]
    pub(crate) fn require(&mut self, holds: bool, field: &dyn Display, problem: &'static str) {
        if !holds {
            self.add(field, problem);
        }
    }

    pub(crate) fn into_result(self) -> Result<(), Refused> {
        if self.found.is_empty() { Ok(()) } else { Err(Refused(self.found)) }
    }
}
