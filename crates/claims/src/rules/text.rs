//! Small judgments on text that several rules share. None of them allocates.

use crate::snapshot::Address;

/// Whether `text` is `length` ASCII digits.
pub(super) fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The digits of a ZIP code, 5 or 9, written with or without its hyphen.
pub(super) fn zip_digits(zip: &str) -> Option<usize> {
    match zip.len() {
        5 if is_digits(zip, 5) => Some(5),
        9 if is_digits(zip, 9) => Some(9),
        10 => zip.split_once('-').filter(|(five, four)| is_digits(five, 5) && is_digits(four, 4)).map(|_| 9),
        _ => None,
    }
}

/// Whether each character can be written in a claim file, at least without its accent.
pub(super) fn is_writable(text: &str) -> bool {
    text.chars().all(|c| {
        let is_plain = c == ' ' || c.is_ascii_graphic();
        let is_latin = matches!(c, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}') && c.is_alphabetic();
        let is_punctuation = matches!(c, '\u{2018}' | '\u{2019}' | '\u{2010}'..='\u{2014}');
        is_plain || is_latin || is_punctuation
    })
}

/// More characters than the element of the claim file holds.
pub(super) fn is_longer(text: &str, limit: usize) -> bool {
    // no text has more characters than bytes
    text.len() > limit && text.chars().count() > limit
}

pub(super) fn is_blank(text: &str) -> bool {
    text.trim_ascii().is_empty()
}

/// The names of an address's parts that must be there and are not.
pub(super) fn missing_parts(address: &Address) -> impl Iterator<Item = &'static str> {
    let Address { line1, line2: _, city, state, zip_code } = address;
    [("line1", line1), ("city", city), ("state", state), ("zip_code", zip_code)]
        .into_iter()
        .filter(|(_, text)| is_blank(text))
        .map(|(name, _)| name)
}

/// Whether the text holds `needle`, in any case of ASCII letters.
pub(super) fn holds(text: &str, needle: &str) -> bool {
    text.as_bytes().windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zip_codes_have_five_or_nine_digits() {
        for (zip, digits) in [("02118", 5), ("021180001", 9), ("02118-0001", 9)] {
            assert_eq!(zip_digits(zip), Some(digits));
        }
        for bad in ["", "2118", "0211", "02118-", "02118-001", "02118 0001", "0211-80001", "0211A", "０２１１８"] {
            assert_eq!(zip_digits(bad), None, "{bad}");
        }
    }

    #[test]
    fn accents_can_be_dropped_and_other_scripts_can_not() {
        for name in ["O'Brien", "Müller", "Nguyễn", "D’Angelo", "Łukasz 2nd"] {
            assert!(is_writable(name), "{name}");
        }
        for name in ["李", "Ольга", "\u{7}", "a\nb", "🙂"] {
            assert!(!is_writable(name), "{name}");
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert!(!is_longer("äöü", 3));
        assert!(is_longer("äöü", 2));
    }

    #[test]
    fn words_are_found_in_any_case() {
        assert!(holds("Late: SUICIDal", "suicid"));
        assert!(!holds("sui", "suicid"));
    }
}
