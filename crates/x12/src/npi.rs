//! National provider identifiers: ten digits of which the last checks the others.

/// Whether the text is an NPI: ten digits, the first 1 or 2, the last the Luhn digit of `80840` and the nine before.
#[must_use]
pub fn is_npi(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || !matches!(bytes.first(), Some(b'1' | b'2')) {
        return false;
    }
    // the prefix 80840 adds 24
    let mut sum = 24_u32;
    for (place, byte) in bytes.iter().enumerate() {
        if !byte.is_ascii_digit() {
            return false;
        }
        let digit = u32::from(byte - b'0');
        sum += match (place % 2, digit) {
            (0, 0..=4) => digit * 2,
            (0, _) => digit * 2 - 9,
            _ => digit,
        };
    }
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_is_checked() {
        for npi in ["1234567893", "1987654328", "1111111112", "1999999992", "2345678900"] {
            assert!(is_npi(npi), "{npi}");
        }
        for npi in
            ["1234567890", "1234567839", "123456789", "12345678933", "3234567890", "12345678A3", "", "0000000000"]
        {
            assert!(!is_npi(npi), "{npi}");
        }
    }
}
