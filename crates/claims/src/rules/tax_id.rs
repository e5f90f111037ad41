//! Tax ids: of an employer (EIN), or of a person (SSN).

use super::Case;

/// Numbers that the tax office has not used as the first two of an employer's.
pub(super) const NOT_ISSUED: &[[u8; 2]] = &[
    *b"00", *b"07", *b"08", *b"09", *b"17", *b"18", *b"19", *b"28", *b"29", *b"49", *b"69", *b"70", *b"78", *b"79",
    *b"89", *b"96", *b"97",
];

/// The practice's tax id, if it is of that type.
pub(super) fn tax_id<'a>(case: &Case<'a>, of_type: &str) -> Option<&'a str> {
    let practice = &case.snapshot.billing_provider;
    (practice.tax_id_type == of_type).then_some(practice.tax_id.as_str())
}

/// The nine digits of an employer's number, with or without its hyphen.
pub(super) fn ein(case: &Case<'_>) -> Option<[u8; 9]> {
    let text = case.snapshot.billing_provider.tax_id.as_str();
    let digits = nine_digits(text, 1)?;
    let [first, rest @ ..] = digits;
    (!rest.iter().all(|digit| *digit == first)).then_some(digits)
}

/// Whether the number could be somebody's.
pub(super) fn is_assignable(ssn: &str) -> bool {
    let Some([a, b, c, ..]) = nine_digits(ssn, 2) else { return false };
    !matches!((a, b, c), (b'0', b'0', b'0') | (b'6', b'6', b'6') | (b'9', _, _))
}

/// The nine digits of a text that may hold up to so many hyphens.
fn nine_digits(text: &str, hyphens: usize) -> Option<[u8; 9]> {
    let mut digits = [0; 9];
    let mut used = 0;
    for byte in text.bytes().filter(|byte| *byte != b'-') {
        *digits.get_mut(used).filter(|_| byte.is_ascii_digit())? = byte;
        used += 1;
    }
    (used == 9 && text.len() <= 9 + hyphens).then_some(digits)
}
