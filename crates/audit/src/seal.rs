//! The keys that authenticate entries. They are never in the database, so whoever can write to it can't make entries.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The size of a key and of a MAC.
pub const BYTES: usize = 32;
const ID_MAX: usize = 16;

#[derive(Clone)]
struct MacKey {
    id: String,
    hmac: Hmac<Sha256>,
}

/// Keys by their ids. The first one authenticates new entries, the others are of before; an auditor checks with all.
#[derive(Clone)]
pub struct MacKeys(Arc<[MacKey]>);

/// Why a key file is not taken. Never tells what is in it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadKeys {
    #[error("no key: the file needs a line `ID HEX`, an id of 1 to 16 letters and digits and 64 hexadecimal digits")]
    Empty,
    #[error("line {0} is not `ID HEX`, an id of 1 to 16 letters and digits and 64 hexadecimal digits")]
    Line(usize),
    #[error("line {0} has the id of an earlier line")]
    Twice(usize),
}

impl FromStr for MacKeys {
    type Err = BadKeys;

    /// A key a line, `ID HEX`; what follows a `#` is for people.
    fn from_str(text: &str) -> Result<Self, BadKeys> {
        let mut keys: Vec<MacKey> = Vec::new();
        for (n, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default();
            if line.trim().is_empty() {
                continue;
            }
            let key = parse(line).ok_or(BadKeys::Line(n + 1))?;
            if keys.iter().any(|earlier| earlier.id == key.id) {
                return Err(BadKeys::Twice(n + 1));
            }
            keys.push(key);
        }
        if keys.is_empty() { Err(BadKeys::Empty) } else { Ok(Self(keys.into())) }
    }
}

fn parse(line: &str) -> Option<MacKey> {
    let (id, secret) = line.trim().split_once(char::is_whitespace)?;
    let secret: [u8; BYTES] = hex::decode(secret.trim()).ok()?.try_into().ok()?;
    let is_id = id.len() <= ID_MAX && id.chars().all(|c| c.is_ascii_alphanumeric());
    is_id.then(|| MacKey { id: id.to_owned(), hmac: hmac(&secret) })
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn hmac(secret: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret).expect("any length")
}

impl MacKeys {
    /// A key that everybody knows, for development and tests.
    #[must_use]
    pub fn known() -> Self {
        Self(Arc::new([MacKey { id: "known".to_owned(), hmac: hmac(b"known to everybody") }]))
    }

    /// The id of the key that new entries get.
    #[must_use]
    pub fn current(&self) -> &str {
        self.0.first().map_or("", |key| &key.id)
    }

    /// The MAC of a body under the key of that id, if there is one.
    #[must_use]
    pub fn mac(&self, key_id: &str, body: &[u8]) -> Option<[u8; BYTES]> {
        let key = self.0.iter().find(|key| key.id == key_id)?;
        Some(key.hmac.clone().chain_update(body).finalize().into_bytes().into())
    }
}

impl fmt::Debug for MacKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_lists_keys_and_the_first_one_is_current() {
        let [new, old] = ["ab".repeat(BYTES), "cd".repeat(BYTES)];
        let keys: MacKeys = format!("# since May\n2026b {new}\n\n2026a  {old} # retired\n").parse().unwrap();
        assert_eq!(keys.current(), "2026b");
        assert_ne!(keys.mac("2026a", b"body"), keys.mac("2026b", b"body"));
        assert_eq!(keys.mac("2025", b"body"), None);
        assert_eq!(format!("{keys:?}"), r#"["2026b", "2026a"]"#);
    }

    #[test]
    fn a_key_file_that_is_not_one_is_refused_by_line() {
        let key = "ab".repeat(BYTES);
        let cases = [
            (String::new(), BadKeys::Empty),
            ("# nothing\n".to_owned(), BadKeys::Empty),
            (format!("a {key}\n{key}\n"), BadKeys::Line(2)),
            (format!("a-b {key}"), BadKeys::Line(1)),
            (format!("a {}", key.get(2..).unwrap()), BadKeys::Line(1)),
            (format!("a {key}\nb {key}\na {key}"), BadKeys::Twice(3)),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<MacKeys>().unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn the_mac_is_hmac_sha256() {
        // RFC 4231, test case 2, with the key as it is there
        let keys = MacKeys(Arc::new([MacKey { id: "jefe".to_owned(), hmac: hmac(b"Jefe") }]));
        let mac = keys.mac("jefe", b"what do ya want for nothing?").unwrap();
        assert_eq!(hex::encode(mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
