//! A code of one of X12's code lists, or of a list that X12 refers to.

use std::fmt;
use std::num::NonZeroU8;

use serde::{Serialize, Serializer};

/// The most characters of a code; the longest in use here is an 11-digit drug code.
pub const CODE_CHARS_MAX: usize = 15;

/// A code: 1 to 15 ASCII letters and digits, such as `CO`, `45`, `N130` or `90837`.
///
/// Which codes a list has changes three times a year and is for the reader of the model to know; here only the shape is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    // unused bytes are zero, so that equality and order are those of the text
    bytes: [u8; CODE_CHARS_MAX],
    // never zero, so that no code takes no room of its own
    length: NonZeroU8,
}

impl Code {
    /// None when the text hasn't the shape of a code.
    #[must_use]
    #[inline]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        let mut bytes = [0; CODE_CHARS_MAX];
        let length = NonZeroU8::new(u8::try_from(text.len()).ok()?)?;
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        text.iter().all(u8::is_ascii_alphanumeric).then_some(Self { bytes, length })
    }

    /// The code's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.bytes
            .get(..usize::from(self.length.get()))
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq<str> for Code {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Code {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shape_of_a_code_is_taken() {
        assert_eq!(Code::new("N130").unwrap(), "N130");
        assert_eq!(Code::new("123456789012345").unwrap().to_string(), "123456789012345");
        for text in ["", "A B", "1234567890123456", "É", "A-1"] {
            assert_eq!(Code::new(text), None, "{text}");
        }
    }

    #[test]
    fn order_and_json_are_those_of_the_text() {
        assert!(Code::new("A").unwrap() < Code::new("AB").unwrap());
        assert_eq!(serde_json::to_string(&Code::new("CO").unwrap()).unwrap(), "\"CO\"");
    }
}
