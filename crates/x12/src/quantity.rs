//! Counts that need not be whole, such as units of service.

use std::fmt;

use serde::{Serialize, Serializer};

/// A decimal in thousandths: up to ten digits before and three after the point, exact. Reversals may be negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(pub i64);

const WHOLE_MAX: i64 = 9_999_999_999;

impl Quantity {
    /// Of a whole number of at most ten digits; none beyond.
    #[must_use]
    pub const fn whole(count: u32) -> Self {
        Self(count as i64 * 1000)
    }

    /// Reads an X12 decimal (type `R`); none when it is none or finer than thousandths.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        if whole.is_empty() && part.is_empty() {
            return None;
        }
        let mut sum = 0_i64;
        for byte in whole.bytes() {
            sum = sum * 10 + i64::from(digit(byte)?);
            if sum > WHOLE_MAX {
                return None;
            }
        }
        let mut parts = part.bytes();
        for _ in 0..3 {
            sum = sum * 10 + i64::from(parts.next().map_or(Some(0), digit)?);
        }
        if parts.any(|byte| byte != b'0') {
            return None;
        }
        Some(Self(if negative { -sum } else { sum }))
    }
}

fn digit(byte: u8) -> Option<u8> {
    byte.is_ascii_digit().then(|| byte - b'0')
}

impl fmt::Display for Quantity {
    /// In its shortest form: `1`, `1.5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, rest) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let (whole, part) = (rest / 1000, rest % 1000);
        match part {
            0 => write!(f, "{sign}{whole}"),
            part if part % 100 == 0 => write!(f, "{sign}{whole}.{}", part / 100),
            part if part % 10 == 0 => write!(f, "{sign}{whole}.{:02}", part / 10),
            part => write!(f, "{sign}{whole}.{part:03}"),
        }
    }
}

impl Serialize for Quantity {
    /// As decimal text, so that no reader takes it for a float.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_read_exactly() {
        for (text, thousandths) in
            [("1", 1000), ("1.5", 1500), (".25", 250), ("-2.125", -2125), ("3.", 3000), ("1.0000", 1000)]
        {
            assert_eq!(Quantity::parse(text), Some(Quantity(thousandths)), "{text}");
        }
        for text in ["", "-", ".", "1e3", "1.0001", "12345678901", "1,0", "--1", "1.-5"] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(thousandths in -9_999_999_999_999_i64..=9_999_999_999_999) {
            prop_assert_eq!(Quantity::parse(&Quantity(thousandths).to_string()), Some(Quantity(thousandths)));
        }
    }
}
