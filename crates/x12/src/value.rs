//! Dates and times as X12 writes them. What is none reads as `None`: a field is refused, not its document.

use chrono::{NaiveDate, NaiveTime};

/// Without surrounding white space, of which there is nearly never any.
#[inline]
pub(crate) fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [one] if *one > b' ' => text,
        [first, .., last] if *first > b' ' && *last > b' ' && *last < 0x80 => text,
        [] => "",
        _ => text.trim(),
    }
}

/// A date `CCYYMMDD` (X12 `DT`, qualifier `D8`) of the years 1900 to 2199.
#[must_use]
pub fn date8(text: &str) -> Option<NaiveDate> {
    let (year, rest) = (digits(text.get(..4)?)?, text.get(4..8)?);
    if text.len() != 8 || !(1900..2200).contains(&year) {
        return None;
    }
    date(year, rest)
}

/// A range `CCYYMMDD-CCYYMMDD` (qualifier `RD8`) whose end isn't before its start.
#[must_use]
pub fn range8(text: &str) -> Option<(NaiveDate, NaiveDate)> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (date8(from)?, date8(to)?);
    (from <= to).then_some((from, to))
}

/// A date `YYMMDD` of ISA09, of the years 2000 to 2099.
#[must_use]
pub fn date6(text: &str) -> Option<NaiveDate> {
    let (year, rest) = (digits(text.get(..2)?)?, text.get(2..6)?);
    if text.len() != 6 {
        return None;
    }
    date(2000 + year, rest)
}

/// A time `HHMM`, `HHMMSS` or with further decimals, which are left out (X12 `TM`).
#[must_use]
pub fn time(text: &str) -> Option<NaiveTime> {
    if !matches!(text.len(), 4 | 6 | 7 | 8) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = match text.get(4..6) {
        Some(seconds) => digits(seconds)?,
        None => 0,
    };
    NaiveTime::from_hms_opt(digits(text.get(..2)?)?, digits(text.get(2..4)?)?, seconds)
}

fn date(year: u32, month_day: &str) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, digits(month_day.get(..2)?)?, digits(month_day.get(2..4)?)?)
}

fn digits(text: &str) -> Option<u32> {
    text.bytes().try_fold(0_u32, |sum, byte| {
        byte.is_ascii_digit().then(|| sum.saturating_mul(10).saturating_add(u32::from(byte - b'0')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_impossible_ones_are_none() {
        assert_eq!(date8("20260929"), NaiveDate::from_ymd_opt(2026, 9, 29));
        assert_eq!(date6("261020"), NaiveDate::from_ymd_opt(2026, 10, 20));
        for text in ["20230229", "10010101", "2026092", "202609290", "", "2026-9-1", "２０２６", "20261301"] {
            assert_eq!(date8(text), None, "{text}");
        }
        assert_eq!(date6("2610200"), None);
    }

    #[test]
    fn a_range_does_not_end_before_its_start() {
        assert!(range8("20260901-20260930").is_some());
        for text in ["20260930-20260901", "20260901", "20260901-", "20260901-20261301"] {
            assert_eq!(range8(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_read_to_the_second() {
        assert_eq!(time("0330"), NaiveTime::from_hms_opt(3, 30, 0));
        assert_eq!(time("051225"), NaiveTime::from_hms_opt(5, 12, 25));
        assert_eq!(time("05122599"), NaiveTime::from_hms_opt(5, 12, 25));
        for text in ["2460", "330", "03300", "", "03:30"] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
