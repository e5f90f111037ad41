//! Reads single elements. What must be right is an error for the set, what may be wrong becomes a note.

use chrono::NaiveDate;

use crate::amount::Cents;
use crate::code::Code;
use crate::error::Fault;
use crate::quantity::Quantity;
use crate::segment::Segment;
use crate::value;

/// Notes kept of one part; a file that has more wrong with one claim tells nothing new by them.
const NOTES_MAX: usize = 64;

/// Keeps a note of a field that was left out.
pub(crate) fn note(notes: &mut Vec<Fault>, fault: Fault) {
    if notes.len() < NOTES_MAX {
        notes.push(fault);
    }
}

/// Adds one more of a kind that a part may have `most` of, so that no file makes a part grow without end.
pub(crate) fn push<T>(into: &mut Vec<T>, one: T, most: usize, fault: impl FnOnce() -> Fault) -> Result<(), Fault> {
    if into.len() >= most {
        return Err(fault());
    }
    // mostly there is one, and room for more would be several times its size
    if into.is_empty() {
        into.reserve_exact(1);
    }
    into.push(one);
    Ok(())
}

/// Whether nothing stands behind the `last` element; what stood there would be lost unseen.
#[inline]
pub(crate) fn ends(segment: &Segment<'_>, last: u8, expected: &'static str) -> Result<(), Fault> {
    if segment.len() <= usize::from(last) {
        return Ok(());
    }
    let mut behind = last..u8::try_from(segment.len()).unwrap_or(u8::MAX);
    match behind.find(|n| !segment.element(usize::from(*n) + 1).is_empty()) {
        Some(n) => Err(Fault::of(segment, n.saturating_add(1), expected)),
        None => Ok(()),
    }
}

/// The element without surrounding spaces; none when it is empty.
#[inline]
pub(crate) fn text(segment: &Segment<'_>, n: u8) -> Option<String> {
    some(segment.element(usize::from(n)))
}

/// The text without surrounding spaces; none when it is empty.
#[inline]
pub(crate) fn some(text: &str) -> Option<String> {
    let text = value::trimmed(text);
    (!text.is_empty()).then(|| text.to_owned())
}

/// An element that must be there.
pub(crate) fn required(segment: &Segment<'_>, n: u8, expected: &'static str) -> Result<String, Fault> {
    text(segment, n).ok_or_else(|| Fault::of(segment, n, expected))
}

/// An amount that must be there.
#[inline]
pub(crate) fn amount(segment: &Segment<'_>, n: u8) -> Result<Cents, Fault> {
    let text = value::trimmed(segment.element(usize::from(n)));
    Cents::parse(text.as_bytes()).map_err(|bad| Fault::of(segment, n, bad.expected()))
}

/// An amount that may be left out, but is one when it is there.
#[inline]
pub(crate) fn optional_amount(segment: &Segment<'_>, n: u8) -> Result<Option<Cents>, Fault> {
    match value::trimmed(segment.element(usize::from(n))) {
        "" => Ok(None),
        _ => amount(segment, n).map(Some),
    }
}

/// A quantity; what is none is noted.
#[inline]
pub(crate) fn quantity(segment: &Segment<'_>, n: u8, notes: &mut Vec<Fault>) -> Option<Quantity> {
    let text = value::trimmed(segment.element(usize::from(n)));
    if text.is_empty() {
        return None;
    }
    let read = Quantity::parse(text);
    if read.is_none() {
        note(notes, Fault::of(segment, n, "a decimal number of at most three places"));
    }
    read
}

/// A code that must be there.
pub(crate) fn required_code(segment: &Segment<'_>, n: u8, expected: &'static str) -> Result<Code, Fault> {
    Code::new(value::trimmed(segment.element(usize::from(n)))).ok_or_else(|| Fault::of(segment, n, expected))
}

/// A code; what hasn't the shape of one is noted.
#[inline]
pub(crate) fn code(segment: &Segment<'_>, n: u8, notes: &mut Vec<Fault>) -> Option<Code> {
    code_of(segment, n, segment.element(usize::from(n)), notes)
}

/// A code in a component of the element.
#[inline]
pub(crate) fn code_of(segment: &Segment<'_>, n: u8, text: &str, notes: &mut Vec<Fault>) -> Option<Code> {
    let text = value::trimmed(text);
    if text.is_empty() {
        return None;
    }
    let read = Code::new(text);
    if read.is_none() {
        note(notes, Fault::of(segment, n, "a code of at most 15 letters and digits"));
    }
    read
}

/// A day as `CCYYMMDD`; what is none is noted.
#[inline]
pub(crate) fn date(segment: &Segment<'_>, n: u8, notes: &mut Vec<Fault>) -> Option<NaiveDate> {
    let text = value::trimmed(segment.element(usize::from(n)));
    if text.is_empty() {
        return None;
    }
    let read = value::date8(text);
    if read.is_none() {
        note(notes, Fault::of(segment, n, "a day as CCYYMMDD"));
    }
    read
}

/// The days of a `DTP` segment in form `D8` or `RD8`; what are none are noted.
pub(crate) fn dates(segment: &Segment<'_>, notes: &mut Vec<Fault>) -> Option<(NaiveDate, NaiveDate)> {
    let text = value::trimmed(segment.element(3));
    let read = match segment.element(2) {
        "RD8" => value::range8(text),
        _ => value::date8(text).map(|day| (day, day)),
    };
    if read.is_none() {
        note(notes, Fault::of(segment, 3, "a day as CCYYMMDD, or two of them with a hyphen in between"));
    }
    read
}
