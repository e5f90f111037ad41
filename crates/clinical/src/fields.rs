//! Reading fields that several resources have alike.

use kernel::Violations;

/// Copies the named fields that the mask names from one row to another.
macro_rules! copy_fields {
    ($mask:expr, $from:expr => $to:expr; $($field:ident)*) => {$(
        if $mask.has(stringify!($field)) {
            $to.$field = $from.$field;
        }
    )*};
}
pub(crate) use copy_fields;

/// A state of the United States.
pub(crate) fn state(v: &mut Violations, field: &str, text: &str) -> Option<String> {
    let state = v.optional_text(field, text, 2)?.to_ascii_uppercase();
    if state.len() != 2 || !state.bytes().all(|b| b.is_ascii_uppercase()) {
        v.add(field, "must be two letters, as the postal service writes it");
    }
    Some(state)
}

/// So many digits, or nothing.
pub(crate) fn digits(v: &mut Violations, field: &str, text: &str, length: usize) -> Option<String> {
    let text = v.optional_text(field, text, length)?;
    if text.len() != length || !text.bytes().all(|b| b.is_ascii_digit()) {
        v.add(field, &format!("must have {length} digits"));
    }
    Some(text)
}

/// A code of letters and digits of that length; whether it exists is for the rules to say.
pub(crate) fn code(v: &mut Violations, field: &str, text: &str, length: usize) -> String {
    let code = text.trim().to_ascii_uppercase();
    if code.len() != length || !code.bytes().all(|b| b.is_ascii_alphanumeric()) {
        v.add(field, &format!("must have {length} letters and digits"));
    }
    code
}

/// Id of a payer in the payer list. It may name one that the list does not have: that is a finding, not an error.
pub(crate) fn payer_id(v: &mut Violations, text: &str) -> String {
    v.text("payer_id", text, 80)
}
