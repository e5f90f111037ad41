//! Values of elements, or the fault that names the element.

use chrono::NaiveDate;

use crate::amount::Cents;
use crate::claim::check::is_zip_code;
use crate::claim::{Address, Name};
use crate::error::Fault;
use crate::npi::is_npi;
use crate::segment::Segment;
use crate::value;

/// What SBR01 must be.
pub(super) const SEQUENCE: &str = "P, S, T, A to H or U";

/// The element's text, which must be there.
pub(super) fn required(segment: &Segment<'_>, element: u8, expected: &'static str) -> Result<String, Fault> {
    match segment.element(usize::from(element)) {
        "" => Err(Fault::of(segment, element, expected)),
        text => Ok(text.to_owned()),
    }
}

pub(super) fn optional(segment: &Segment<'_>, element: u8) -> String {
    segment.element(usize::from(element)).to_owned()
}

/// What `read` makes of the element.
pub(super) fn read<T>(
    segment: &Segment<'_>,
    element: u8,
    read: impl FnOnce(&str) -> Option<T>,
    expected: &'static str,
) -> Result<T, Fault> {
    read(segment.element(usize::from(element))).ok_or_else(|| Fault::of(segment, element, expected))
}

pub(super) fn amount(segment: &Segment<'_>, element: u8) -> Result<Cents, Fault> {
    let text = segment.element(usize::from(element));
    Cents::parse(text.as_bytes()).map_err(|bad| Fault::of(segment, element, bad.expected()))
}

/// DTP02 and DTP03 with one day.
pub(super) fn day(dtp: &Segment<'_>) -> Result<NaiveDate, Fault> {
    if dtp.element(2) != "D8" {
        return Err(Fault::of(dtp, 2, "D8"));
    }
    read(dtp, 3, value::date8, "a date CCYYMMDD")
}

/// A whole number, possibly written with decimals of zero.
pub(super) fn count(text: &str) -> Option<u32> {
    let cents = Cents::parse(text.as_bytes()).ok()?.0;
    u32::try_from(cents / 100).ok().filter(|_whole| cents % 100 == 0)
}

/// NM103 to NM105 and NM107.
pub(super) fn name(nm1: &Segment<'_>) -> Result<Name, Fault> {
    Ok(Name {
        last: required(nm1, 3, "a name")?,
        first: optional(nm1, 4),
        middle: optional(nm1, 5),
        suffix: optional(nm1, 7),
    })
}

/// NM108 and NM109 with an NPI.
pub(super) fn npi<const CHECKED: bool>(nm1: &Segment<'_>) -> Result<String, Fault> {
    if nm1.element(8) != "XX" {
        return Err(Fault::of(nm1, 8, "XX"));
    }
    if CHECKED && !is_npi(nm1.element(9)) {
        return Err(Fault::of(nm1, 9, "an NPI: ten digits with the right check digit"));
    }
    required(nm1, 9, "an NPI")
}

/// N3 and N4 add to an address.
pub(super) fn address<const CHECKED: bool>(address: &mut Address, segment: &Segment<'_>) -> Result<(), Fault> {
    if segment.id() == "N3" {
        address.line1 = required(segment, 1, "a street")?;
        address.line2 = optional(segment, 2);
    } else {
        address.city = required(segment, 1, "a city")?;
        address.state = optional(segment, 2);
        address.zip_code = optional(segment, 3);
        // N404 is told abroad only
        if CHECKED && matches!(segment.element(4), "" | "US") && !is_zip_code(&address.zip_code) {
            return Err(Fault::of(segment, 3, "a ZIP code of five or nine digits without a hyphen"));
        }
    }
    Ok(())
}

/// The fault of a segment that the loop hasn't.
pub(super) fn misplaced(segment: &Segment<'_>) -> Fault {
    Fault::of(segment, 0, "a segment that its loop has")
}
