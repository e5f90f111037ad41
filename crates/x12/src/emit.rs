//! Writes segments: the one place that puts delimiters between values.
//!
//! Values are cleaned on the way (see [`charset`]), so no value can end an element or a segment. Nothing is allocated
//! per element: text goes straight into the buffer.

use std::io;

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};

use crate::amount::Cents;

pub mod charset;

/// Between elements.
pub const ELEMENT: u8 = b'*';
/// Between the repetitions of an element.
pub const REPETITION: u8 = b'^';
/// Between the components of an element.
pub const COMPONENT: u8 = b':';
/// After a segment.
pub const TERMINATOR: u8 = b'~';

/// A growing document: bytes not yet taken, and how many segments were written.
#[derive(Debug, Default)]
pub struct Emitter {
    buffer: Vec<u8>,
    segments: u32,
}

impl Emitter {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { buffer: Vec::with_capacity(bytes), segments: 0 }
    }

    /// Starts a segment; it ends, with its empty last elements left out, when the value is dropped.
    #[inline]
    pub fn segment(&mut self, id: &str) -> Segment<'_> {
        self.buffer.extend_from_slice(id.as_bytes());
        self.segments += 1;
        Segment { keep: self.buffer.len(), out: &mut self.buffer }
    }

    /// How many segments were begun so far.
    #[must_use]
    pub const fn segments(&self) -> u32 {
        self.segments
    }

    /// The bytes that were not taken yet.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// Hands the bytes on and keeps the buffer for the next ones.
    ///
    /// # Errors
    /// Those of the writer; what was not written is lost with it.
    pub fn drain_to<W: io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let written = writer.write_all(&self.buffer);
        self.buffer.clear();
        written
    }

    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.buffer
    }
}

/// One segment being written: elements in order, ended when it is dropped.
#[derive(Debug)]
pub struct Segment<'a> {
    out: &'a mut Vec<u8>,
    /// Where the segment ends if nothing but empty values follows.
    keep: usize,
}

impl Segment<'_> {
    #[inline]
    fn begin_element(&mut self) {
        // no value holds the component delimiter, so these are components that were left empty
        while self.out.last() == Some(&COMPONENT) {
            self.out.pop();
        }
        self.out.push(ELEMENT);
    }

    #[inline]
    fn put(&mut self, value: &str) {
        if charset::push_clean(self.out, value) {
            self.keep = self.out.len();
        }
    }

    /// Adds an element; an empty one is left out at the end of the segment.
    #[inline]
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.begin_element();
        self.put(value);
        self
    }

    /// Adds a component to the element begun last.
    #[inline]
    pub fn part(&mut self, value: &str) -> &mut Self {
        self.out.push(COMPONENT);
        self.put(value);
        self
    }

    /// Adds an element of which the values are the components.
    pub fn parts(&mut self, values: impl IntoIterator<Item: AsRef<str>>) -> &mut Self {
        self.begin_element();
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.out.push(COMPONENT);
            }
            self.put(value.as_ref());
        }
        self
    }

    /// Adds elements that are empty.
    #[inline]
    pub fn empty(&mut self, count: usize) -> &mut Self {
        for _ in 0..count {
            self.begin_element();
        }
        self
    }

    /// Adds a whole number.
    #[inline]
    pub fn number(&mut self, value: impl Into<u64>) -> &mut Self {
        self.begin_element();
        self.digits(value.into(), 1);
        self
    }

    /// Adds a whole number as a component of the element begun last.
    #[inline]
    pub fn number_part(&mut self, value: impl Into<u64>) -> &mut Self {
        self.out.push(COMPONENT);
        self.digits(value.into(), 1);
        self
    }

    /// Adds a number with leading zeros, as control numbers have them.
    #[inline]
    pub fn padded(&mut self, value: impl Into<u64>, width: usize) -> &mut Self {
        self.begin_element();
        self.digits(value.into(), width);
        self
    }

    /// Adds an amount in its shortest form: `150`, `175.5`.
    #[inline]
    pub fn amount(&mut self, amount: Cents) -> &mut Self {
        self.begin_element();
        if amount.0 < 0 {
            self.out.push(b'-');
        }
        let cents = amount.0.unsigned_abs();
        let (tens, ones) = (cents / 10 % 10, cents % 10);
        self.digits(cents / 100, 1);
        if !cents.is_multiple_of(100) {
            self.out.push(b'.');
            self.digits(tens, 1);
            if ones != 0 {
                self.digits(ones, 1);
            }
        }
        self
    }

    /// Adds a day as `CCYYMMDD`.
    #[inline]
    pub fn date(&mut self, day: NaiveDate) -> &mut Self {
        self.begin_element();
        self.day(day);
        self
    }

    /// Adds a span of days as `CCYYMMDD-CCYYMMDD`.
    pub fn dates(&mut self, first: NaiveDate, last: NaiveDate) -> &mut Self {
        self.begin_element();
        self.day(first);
        self.out.push(b'-');
        self.day(last);
        self
    }

    /// Adds a day as `YYMMDD`, the form of ISA09.
    pub(crate) fn short_date(&mut self, day: NaiveDate) -> &mut Self {
        self.begin_element();
        self.digits(u64::from(day.year().rem_euclid(100).unsigned_abs()), 2);
        self.digits(u64::from(day.month()), 2);
        self.digits(u64::from(day.day()), 2);
        self
    }

    /// Adds a time of day as `HHMM`.
    pub fn time(&mut self, time: NaiveTime) -> &mut Self {
        self.begin_element();
        self.digits(u64::from(time.hour()), 2);
        self.digits(u64::from(time.minute()), 2);
        self
    }

    /// Adds a value of a fixed width, cut or filled with spaces: only ISA has such.
    pub(crate) fn fixed(&mut self, value: &str, width: usize) -> &mut Self {
        self.begin_element();
        let end = self.out.len() + width;
        charset::push_clean(self.out, value);
        self.out.resize(end, b' ');
        self.keep = end;
        self
    }

    /// Adds a delimiter as the value: only ISA11 and ISA16 hold such.
    pub(crate) fn delimiter(&mut self, delimiter: u8) -> &mut Self {
        self.begin_element();
        self.out.push(delimiter);
        self.keep = self.out.len();
        self
    }

    #[inline]
    fn day(&mut self, day: NaiveDate) {
        let year = u64::from(day.year().unsigned_abs());
        self.digits(year * 10_000 + u64::from(day.month()) * 100 + u64::from(day.day()), 8);
    }

    /// Writes at least `width` digits.
    #[inline]
    fn digits(&mut self, value: u64, width: usize) {
        let start = self.out.len();
        let mut rest = value;
        let mut count = 0;
        // the digits come last one first and are turned round where they stand
        while rest > 0 || count < width {
            self.out.push(b'0' + u8::try_from(rest % 10).unwrap_or_default());
            rest /= 10;
            count += 1;
        }
        if let Some(digits) = self.out.get_mut(start..) {
            digits.reverse();
        }
        self.keep = self.out.len();
    }
}

impl Drop for Segment<'_> {
    #[inline]
    fn drop(&mut self) {
        self.out.truncate(self.keep);
        self.out.push(TERMINATOR);
    }
}

#[cfg(test)]
mod tests;
