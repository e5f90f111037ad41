//! A payer's form of member ids, as a regular expression that is compiled once and can't run away.

use regex_lite::{Regex, RegexBuilder};

/// Characters of a pattern at most; the database says so too.
const LENGTH_MAX: usize = 200;

/// Bytes of a compiled pattern at most; with the length of member ids it bounds the time of a match.
const COMPILED_MAX: usize = 64 * 1024;

/// Characters of a member id that is looked at; a longer one fits no pattern.
const MEMBER_ID_MAX: usize = 80;

/// What a whole member id must match.
#[derive(Debug, Clone)]
pub struct MemberIdPattern(Regex);

/// A text that is no pattern, or too big a one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a regular expression of at most {LENGTH_MAX} characters")]
pub struct BadPattern;

impl MemberIdPattern {
    /// # Errors
    /// When the text is no regular expression, or one that is too big.
    pub fn new(text: &str) -> Result<Self, BadPattern> {
        if text.is_empty() || text.chars().count() > LENGTH_MAX {
            return Err(BadPattern);
        }
        // by itself first, so that no parenthesis of it closes ours
        let bounded = |text: &str| RegexBuilder::new(text).size_limit(COMPILED_MAX).build();
        bounded(text).and_then(|_| bounded(&format!("^(?:{text})$"))).map(Self).map_err(|_unshown| BadPattern)
    }

    /// Whether the whole of it is of that form.
    #[must_use]
    pub fn matches(&self, member_id: &str) -> bool {
        member_id.len() <= MEMBER_ID_MAX && self.0.is_match(member_id)
    }
}

impl PartialEq for MemberIdPattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for MemberIdPattern {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_member_id_must_match() {
        let pattern = MemberIdPattern::new("W[0-9]{9}|X1").unwrap();
        for (id, fits) in [("W123456789", true), ("X1", true), ("W1234567890", false), ("AX1", false), ("", false)] {
            assert_eq!(pattern.matches(id), fits, "{id}");
        }
    }

    #[test]
    fn what_is_no_pattern_or_too_big_is_refused() {
        let long = "a".repeat(201);
        for bad in ["", "(", "a)|(?:b", "[z-a]", "(?:[a-z]{500}){500}", &long] {
            assert_eq!(MemberIdPattern::new(bad), Err(BadPattern), "{bad}");
        }
    }

    #[test]
    fn a_hostile_pattern_ends() {
        let pattern = MemberIdPattern::new("(?:a|a?)*(?:a*)*b").unwrap();
        assert!(!pattern.matches(&"a".repeat(80)));
        assert!(!MemberIdPattern::new("a*").unwrap().matches(&"a".repeat(81)));
    }
}
