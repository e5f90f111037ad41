//! Money as it stands in X12 documents: whole cents, never a float.

use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The most digits before the point: the guides hold data element 782 to ten digits, two of them cents.
const WHOLE_DIGITS: usize = 8;

/// An amount of US dollars in cents. Adjustments and reversals may be negative.
///
/// On the wire it is as short as it can be (`150`, `175.5`), in JSON it is decimal text (`"150.00"`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Cents(pub i64);

/// Why a text is no amount. The message names the form, never the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAmount {
    #[error("must be a decimal number such as 150 or 175.5")]
    Form,
    #[error("must have at most two decimal places")]
    Places,
    #[error("must be at most 99999999.99")]
    Range,
}

impl BadAmount {
    /// What a reader of a file expected instead.
    pub(crate) const fn expected(self) -> &'static str {
        match self {
            Self::Form | Self::Places => "an amount such as 150 or 175.5",
            Self::Range => "an amount of at most 99999999.99",
        }
    }
}

impl Cents {
    pub const ZERO: Self = Self(0);
    /// The largest that a document holds, 99999999.99; the smallest is its negative.
    pub const MAX: Self = Self(9_999_999_999);

    /// Reads an X12 decimal (type `R`): digits, at most one point, at most two places, optionally a minus.
    ///
    /// Leading zeros, a missing whole part (`.5`) and a trailing point (`5.`) are taken, as X12 allows them.
    ///
    /// # Errors
    /// Tells what is wrong with the form; exponents, separators and a plus are refused.
    pub fn parse(text: &[u8]) -> Result<Self, BadAmount> {
        let (negative, digits) = match text.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut cents = 0_i64;
        let (mut whole, mut places, mut point, mut seen) = (0_usize, 0_usize, false, false);
        for &byte in digits {
            match byte {
                b'0'..=b'9' => {
                    seen = true;
                    if point {
                        places += 1;
                        if places > 2 {
                            if byte == b'0' {
                                continue;
                            }
                            return Err(BadAmount::Places);
                        }
                    } else if whole > 0 || byte != b'0' {
                        whole += 1;
                        if whole > WHOLE_DIGITS {
                            return Err(BadAmount::Range);
                        }
                    }
                    cents = cents * 10 + i64::from(byte - b'0');
                }
                b'.' if !point => point = true,
                _ => return Err(BadAmount::Form),
            }
        }
        if !seen {
            return Err(BadAmount::Form);
        }
        for _ in places..2 {
            cents *= 10;
        }
        Ok(Self(if negative { -cents } else { cents }))
    }

    /// The sum, or nothing when it is too large.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

impl Sum for Cents {
    /// Adds up and stops at the largest amount instead of wrapping.
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |sum, amount| Self(sum.0.saturating_add(amount.0)))
    }
}

impl fmt::Display for Cents {
    /// With both places: `150.00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", cents / 100, cents % 100)
    }
}

impl FromStr for Cents {
    type Err = BadAmount;

    fn from_str(text: &str) -> Result<Self, BadAmount> {
        Self::parse(text.as_bytes())
    }
}

impl Serialize for Cents {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_amount_survives_json(cents in -9_999_999_999_i64..=9_999_999_999) {
            let json = serde_json::to_string(&Cents(cents)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Cents>(&json).unwrap(), Cents(cents));
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _parsed = Cents::parse(&bytes);
        }
    }

    #[test]
    fn the_short_forms_of_the_wire_are_read() {
        for (text, cents) in [("150", 15_000), ("175.5", 17_550), (".05", 5), ("7.", 700), ("-3.10", -310), ("0", 0)] {
            assert_eq!(text.parse(), Ok(Cents(cents)), "{text}");
        }
        assert_eq!("000150.000".parse(), Ok(Cents(15_000)));
    }

    #[test]
    fn what_is_no_amount_is_refused_by_its_form() {
        for text in ["", "-", ".", "1,000", "1e3", "+1", "1.2.3", " 1", "１"] {
            assert_eq!(text.parse::<Cents>(), Err(BadAmount::Form), "{text}");
        }
        assert_eq!("1.005".parse::<Cents>(), Err(BadAmount::Places));
        assert_eq!("12345678901".parse::<Cents>(), Err(BadAmount::Range));
    }

    #[test]
    fn an_amount_has_ten_digits_of_which_two_are_cents() {
        for text in ["99999999.99", "-99999999.99", "0099999999.99"] {
            assert_eq!(text.parse::<Cents>().map(|amount| amount.0.abs()), Ok(9_999_999_999), "{text}");
        }
        for text in ["100000000", "-100000000.00"] {
            assert_eq!(text.parse::<Cents>(), Err(BadAmount::Range), "{text}");
        }
    }

    #[test]
    fn json_is_decimal_text_with_two_places() {
        assert_eq!(serde_json::to_string(&Cents(15_000)).unwrap(), "\"150.00\"");
        assert!(serde_json::from_str::<Cents>("150.00").is_err(), "a number could be a float");
    }
}
