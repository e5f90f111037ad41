//! Money: US dollars as exact decimals with two places, `numeric(12,2)` in the database, text on the wire.

use bigdecimal::{BigDecimal, RoundingMode, Zero};

/// Why a text is not an amount. The messages name the form, never the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadAmount {
    Form,
    Places,
    Range,
}

impl BadAmount {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Form => "must be a decimal number such as \"150.00\"",
            Self::Places => "must have at most two decimal places",
            Self::Range => "must be between 0.00 and 99999999.99",
        }
    }
}

/// Parses an amount of 0.00 to 99,999,999.99: digits, optionally a point and one or two more.
///
/// # Errors
/// Tells what is wrong with the form; signs, exponents and separators are refused.
pub fn parse(text: &str) -> Result<BigDecimal, BadAmount> {
    let (whole, places) = text.split_once('.').unwrap_or((text, "00"));
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(places) {
        return Err(BadAmount::Form);
    }
    if places.len() > 2 {
        return Err(BadAmount::Places);
    }
    if whole.len() > 8 {
        return Err(BadAmount::Range);
    }
    text.parse::<BigDecimal>().map(|amount| cents(&amount)).map_err(|_error| BadAmount::Form)
}

/// The amount with exactly two places.
#[must_use]
pub fn cents(amount: &BigDecimal) -> BigDecimal {
    amount.with_scale_round(2, RoundingMode::HalfEven)
}

/// Writes an amount the way it travels: `"150.00"`.
#[must_use]
pub fn text(amount: &BigDecimal) -> String {
    cents(amount).to_plain_string()
}

#[must_use]
pub fn zero() -> BigDecimal {
    cents(&BigDecimal::zero())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_amount_survives_the_wire(cents in 0i64..=9_999_999_999) {
            let amount = BigDecimal::new(cents.into(), 2);
            prop_assert_eq!(parse(&text(&amount)), Ok(amount));
        }

        #[test]
        fn sums_of_cents_are_exact(a in 0i64..5_000_000_000, b in 0i64..4_999_999_999) {
            let sum = BigDecimal::new(a.into(), 2) + BigDecimal::new(b.into(), 2);
            prop_assert_eq!(text(&sum), text(&BigDecimal::new((a + b).into(), 2)));
        }

        #[test]
        fn no_text_panics(text in ".{0,24}") {
            let _ = parse(&text);
        }
    }

    #[test]
    fn odd_forms_are_refused() {
        for (text, why) in [
            ("", BadAmount::Form),
            ("-1.00", BadAmount::Form),
            ("+1", BadAmount::Form),
            ("1e2", BadAmount::Form),
            ("1.", BadAmount::Form),
            (".5", BadAmount::Form),
            ("1,000.00", BadAmount::Form),
            ("NaN", BadAmount::Form),
            ("1.005", BadAmount::Places),
            ("100000000.00", BadAmount::Range),
            ("１.00", BadAmount::Form),
        ] {
            assert_eq!(parse(text), Err(why), "{text}");
        }
        assert_eq!(parse("150").map(|a| text(&a)), Ok("150.00".to_owned()));
        assert_eq!(parse("0.5").map(|a| text(&a)), Ok("0.50".to_owned()));
    }
}
