//! The vectors of RFC 6238, and what is used up.

use super::*;

pub(crate) const RFC_SECRET: &[u8] = b"12345678901234567890";

pub(crate) fn code(secret: &[u8], at: DateTime<Utc>) -> String {
    generator(secret).generate(u64::try_from(at.timestamp()).unwrap()).to_string()
}

fn authenticator(last_step: i64) -> Authenticator {
    Authenticator { user_id: UserId::new(), secret: RFC_SECRET.to_vec(), last_step, is_confirmed: true }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// Appendix B, whose eight digits end with our six.
const VECTORS: [(i64, &str); 6] = [
    (59, "287082"),
    (1_111_111_109, "081804"),
    (1_111_111_111, "050471"),
    (1_234_567_890, "005924"),
    (2_000_000_000, "279037"),
    (20_000_000_000, "353130"),
];

#[test]
fn the_vectors_of_the_rfc_hold() {
    for (time, code) in VECTORS {
        assert_eq!(authenticator(0).check(code, at(time)), Some(time / 30), "{time}");
    }
}

#[test]
fn a_code_counts_a_step_early_and_late_and_no_longer() {
    let (time, code) = VECTORS[3];
    let step = time / 30;
    for (shift, expected) in [(-60, None), (-30, Some(step)), (0, Some(step)), (30, Some(step)), (60, None)] {
        assert_eq!(authenticator(0).check(code, at(time + shift)), expected, "{shift}");
    }
}

#[test]
fn what_was_used_is_used_up_with_all_before_it() {
    let (time, code) = VECTORS[2];
    let step = time / 30;
    assert_eq!(authenticator(step - 1).check(code, at(time)), Some(step));
    assert_eq!(authenticator(step).check(code, at(time)), None);
    assert_eq!(authenticator(step + 1).check(code, at(time)), None);
}

#[test]
fn only_six_digits_are_a_code() {
    for text in ["", "05047", "0504711", "05047a", "٠٥٠٤٧١", "-50471", "+50471"] {
        assert_eq!(authenticator(0).check(text, at(1_111_111_111)), None, "{text}");
    }
    assert!(authenticator(0).check(" 050471 ", at(1_111_111_111)).is_some());
}

#[test]
fn the_link_is_what_authenticators_read() {
    let (secret, uri) = shown(RFC_SECRET, "a+b@example.test");
    assert_eq!(secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    let expected = format!("otpauth://totp/therapy-claims:a%2Bb%40example.test?secret={secret}&issuer=therapy-claims");
    assert_eq!(uri, expected);
}

#[test]
fn debug_prints_no_secret() {
    assert!(!format!("{:?}", authenticator(0)).contains("49, 50"));
}
