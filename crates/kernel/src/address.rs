//! Postal addresses, read alike wherever a request carries one.

use crate::violations::Violations;

/// The five parts as stored; each may be missing, since the scrubber is who judges completeness.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    pub line1: Option<String>,
    pub line2: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    /// Digits only.
    pub zip_code: Option<String>,
}

impl Address {
    /// Reads the parts `line1`, `line2`, `city`, `state`, `zip_code` of the field named. A hyphen in the ZIP is dropped.
    pub fn parse(v: &mut Violations, field: &str, [line1, line2, city, state, zip_code]: [&str; 5]) -> Self {
        let path = |part: &str| format!("{field}.{part}");
        let state = v.optional_text(&path("state"), state, 2).map(|s| s.to_ascii_uppercase());
        if state.as_deref().is_some_and(|s| s.len() != 2 || !s.bytes().all(|b| b.is_ascii_uppercase())) {
            v.add(&path("state"), "must be two letters, as the postal service writes it");
        }
        let zip_code = v.optional_text(&path("zip_code"), zip_code, 10).map(|zip| zip.replace('-', ""));
        if zip_code
            .as_deref()
            .is_some_and(|zip| !matches!(zip.len(), 5 | 9) || !zip.bytes().all(|b| b.is_ascii_digit()))
        {
            v.add(&path("zip_code"), "must have five digits or nine");
        }
        Self {
            line1: v.optional_text(&path("line1"), line1, 55),
            line2: v.optional_text(&path("line2"), line2, 55),
            city: v.optional_text(&path("city"), city, 30),
            state,
            zip_code,
        }
    }
}
