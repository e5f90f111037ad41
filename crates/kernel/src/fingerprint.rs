//! What a certificate is known by: the SHA-256 of its DER, written as the `x5t#S256` of RFC 8705.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The fingerprint of a certificate. It is no secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

/// Neither `x5t#S256` nor the 64 hexadecimal digits that tools print, with or without colons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAFingerprint;

impl Fingerprint {
    /// Of a certificate in DER.
    #[must_use]
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    /// One that the database holds.
    #[must_use]
    pub fn stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// What the database holds.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;
    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        let decoded = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| Self::stored(&bytes));
        decoded.or_else(|| hexadecimal(text)).ok_or(NotAFingerprint)
    }
}

fn hexadecimal(text: &str) -> Option<Fingerprint> {
    let has_colons = text.contains(':');
    if has_colons && !text.split(':').all(|pair| pair.len() == 2) {
        return None;
    }
    let digits: Option<Vec<u8>> =
        text.chars().filter(|c| *c != ':').map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    if rest.is_empty() { Fingerprint::stored(&bytes) } else { None }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl fmt::Display for NotAFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be the SHA-256 of a certificate: 43 characters of base64url, or 64 hexadecimal digits")
    }
}

impl std::error::Error for NotAFingerprint {}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:AD";

    #[test]
    fn all_the_forms_that_tools_print_are_the_same_fingerprint() {
        let fingerprint = Fingerprint::of(b"abc");
        let shown = fingerprint.to_string();
        assert_eq!(shown, "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
        for text in [&shown, HEX, &HEX.to_lowercase(), &HEX.replace(':', "")] {
            assert_eq!(text.parse(), Ok(fingerprint), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_one() {
        let shown = Fingerprint::of(b"abc").to_string();
        let longer = format!("{shown}AA");
        let odd = HEX.replacen("BA:78", "BA7:8", 1);
        for text in [
            "",
            ":",
            "sha256",
            &longer,
            &odd,
            HEX.get(1..).unwrap(),
            HEX.get(3..).unwrap(),
            &HEX.replace('B', "G"),
            &format!("{shown}="),
        ] {
            assert_eq!(text.parse::<Fingerprint>(), Err(NotAFingerprint), "{text}");
        }
    }
}
