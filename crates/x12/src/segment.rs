//! A segment and its parts, as the tokenizer found it in the file.

mod split;
mod tokens;
mod window;

#[cfg(test)]
mod tests;

use std::fmt;

use serde::Serialize;

pub use split::Split;
pub use tokens::{ELEMENT_BYTES_MAX, ELEMENTS_MAX, SEGMENT_BYTES_MAX, Tokens};

/// Where a segment is in its file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// Its ordinal in the file, from 1; ISA is 1.
    pub segment: u64,
    /// Its ordinal in its transaction set, from 1; ST is 1, and 0 is outside of every set.
    pub in_set: u64,
    /// The bytes of the file before its first.
    pub byte: u64,
}

/// The four delimiters that an ISA segment declares by its own form (X12.5, ISA11 and ISA16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Delimiters {
    /// Between elements, usually `*`.
    pub element: u8,
    /// Between repetitions of an element, usually `^`; none in files that have a letter in ISA11, as 4010 had.
    pub repetition: Option<u8>,
    /// Between components of an element, usually `:`.
    pub component: u8,
    /// After each segment, usually `~`.
    pub terminator: u8,
}

/// One segment, borrowed from the tokenizer.
///
/// Elements are counted from 1 as in `CLP02`; one that isn't there reads as the empty text, which is what X12 means by
/// leaving it out.
#[derive(Clone, Copy)]
pub struct Segment<'a> {
    text: &'a str,
    // where each element ends, the id's first
    ends: &'a [usize],
    delimiters: Delimiters,
    position: Position,
}

impl<'a> Segment<'a> {
    /// The segment id, such as `CLP`.
    #[must_use]
    #[inline]
    pub fn id(&self) -> &'a str {
        self.ends.first().and_then(|end| self.text.get(..*end)).unwrap_or("")
    }

    /// The element's text with its components and repetitions as they stand; empty when there is none.
    #[must_use]
    #[inline]
    pub fn element(&self, n: usize) -> &'a str {
        let Some(end) = self.ends.get(n) else { return "" };
        let start = match n.checked_sub(1).and_then(|before| self.ends.get(before)) {
            Some(before) => before + 1,
            None => 0,
        };
        self.text.get(start..*end).unwrap_or("")
    }

    /// How many elements follow the id.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.ends.len().saturating_sub(1)
    }

    /// Whether the id stands alone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The components of an element, in order; one empty component for an empty element.
    #[must_use]
    #[inline]
    pub fn components(&self, n: usize) -> Split<'a> {
        Split::new(self.element(n), Some(self.delimiters.component))
    }

    /// The `k`th component of an element, counted from 1 as in `SVC01-2`; empty when there is none.
    #[must_use]
    #[inline]
    pub fn component(&self, n: usize, k: usize) -> &'a str {
        k.checked_sub(1).and_then(|k| self.components(n).nth(k)).unwrap_or("")
    }

    /// The repetitions of an element, in order; the element itself when it isn't repeated.
    #[must_use]
    pub fn repetitions(&self, n: usize) -> Split<'a> {
        Split::new(self.element(n), self.delimiters.repetition)
    }

    /// Components of a text taken from this segment, such as one of its [`repetitions`](Self::repetitions).
    #[must_use]
    pub fn components_of<'t>(&self, text: &'t str) -> Split<'t> {
        Split::new(text, Some(self.delimiters.component))
    }

    /// Where the segment is.
    #[must_use]
    #[inline]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The delimiters of its interchange.
    #[must_use]
    pub fn delimiters(&self) -> Delimiters {
        self.delimiters
    }
}

impl fmt::Debug for Segment<'_> {
    /// The id's place only: the values may be PHI.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment")
            .field("position", &self.position)
            .field("elements", &self.len())
            .finish_non_exhaustive()
    }
}
