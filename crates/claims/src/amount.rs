//! Amounts inside the claims crate: exact text in JSON, and whole cents for comparing without allocating.

use bigdecimal::{BigDecimal, ToPrimitive, Zero};

/// The amount in cents; `None` when it has parts of a cent or is out of any range money could have.
///
/// Borrows, so that the rules can compare and add amounts without touching the heap.
#[must_use]
pub fn cents(amount: &BigDecimal) -> Option<i64> {
    let (digits, scale) = amount.as_bigint_and_scale();
    if digits.is_zero() {
        return Some(0);
    }
    let digits = digits.to_i64()?;
    let places = u32::try_from(scale.checked_sub(2)?.unsigned_abs()).ok()?;
    let factor = 10i64.checked_pow(places)?;
    if scale <= 2 { digits.checked_mul(factor) } else { (digits % factor == 0).then_some(digits / factor) }
}

/// The amount of so many cents, with exactly two places.
#[must_use]
pub fn from_cents(cents: i64) -> BigDecimal {
    BigDecimal::new(cents.into(), 2)
}

/// Serde form: plain decimal text. Unlike [`kernel::money::text`] it rounds nothing, as a snapshot
/// holds what was stored; numbers are refused on the way in, since JSON numbers are floats to most readers.
pub mod text {
    use std::borrow::Cow;

    use bigdecimal::BigDecimal;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    /// # Errors
    /// Only those of the serializer.
    pub fn serialize<S: Serializer>(amount: &BigDecimal, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&amount.to_plain_string())
    }

    /// # Errors
    /// When the value is no decimal text; the message does not repeat it.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BigDecimal, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        let plain = text.len() <= 32 && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
        if !plain {
            return Err(D::Error::custom("not a decimal amount"));
        }
        text.parse().map_err(|_unshown| D::Error::custom("not a decimal amount"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cents_survive(cents_in in any::<i64>()) {
            prop_assert_eq!(cents(&from_cents(cents_in)), Some(cents_in));
        }

        #[test]
        fn cents_do_not_depend_on_the_scale(whole in -1_000_000_000i64..1_000_000_000, more in 0i64..6) {
            let padded = from_cents(whole).with_scale(2 + more);
            prop_assert_eq!(cents(&padded), Some(whole));
        }

        #[test]
        fn json_keeps_an_amount_as_it_was(digits in any::<i64>(), scale in 0i64..9) {
            #[derive(serde::Serialize, serde::Deserialize)]
            struct Wrapped(#[serde(with = "text")] BigDecimal);
            let amount = BigDecimal::new(digits.into(), scale);
            let json = serde_json::to_string(&Wrapped(amount.clone())).unwrap();
            prop_assert_eq!(serde_json::from_str::<Wrapped>(&json).unwrap().0, amount);
        }
    }

    #[test]
    fn parts_of_a_cent_are_no_cents() {
        assert_eq!(cents(&"1.005".parse().unwrap()), None);
        assert_eq!(cents(&"1.5".parse().unwrap()), Some(150));
        assert_eq!(cents(&"2".parse().unwrap()), Some(200));
        assert_eq!(cents(&"1e30".parse().unwrap()), None);
        assert_eq!(cents(&"0e-9000".parse().unwrap()), Some(0));
    }

    #[test]
    fn a_json_number_is_no_amount() {
        for json in ["1.50", "\"1e5\"", "\"\"", "\"NaN\"", "\"1.2.3\"", "\"-\""] {
            #[derive(serde::Deserialize)]
            struct Wrapped(
                #[serde(with = "text")]
                #[expect(dead_code, reason = "only parsing counts")]
                BigDecimal,
            );
            assert!(serde_json::from_str::<Wrapped>(json).is_err(), "{json}");
        }
    }
}
