//! The text of credentials: `tc_<env>_<kind>_<key id>_<secret><crc32>`.
//!
//! The prefix lets scanners find leaked ones, the checksum tells a typo from a guess without asking the
//! database. Only the SHA-256 of the secret is stored.

pub mod convert;
pub mod issue;
pub mod store;

use std::fmt;
use std::sync::Arc;

use kernel::page::PageKey;
use kernel::{Failure, text_enum};
use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const PREFIX: &str = "tc";
const KEY_BYTES: usize = 10;
const SECRET_BYTES: usize = 32;
const CHECKSUM_DIGITS: usize = 8;
/// Longer than any token with the longest environment.
const LENGTH_MAX: usize = 160;

text_enum! {
    pub enum TokenKind {
        /// A person who logged in.
        Session = "session",
        /// A service account.
        Service = "service",
        /// An invited person who has no password yet; a one-time token.
        Invite = "invite",
        /// A person whose password is to be replaced; a one-time token.
        Reset = "reset",
    }
}

/// Which installation a token is for, such as `dev`; one of another installation is not even looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Env(Arc<str>);

/// Not 1 to 16 characters out of a-z and 0-9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnEnv;

/// The public part of a token. It names the token in lists and logs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(Arc<str>);

/// A whole token. It prints as nothing.
pub struct Secret(String);

/// A new token: what the bearer gets, and what is stored.
#[derive(Debug)]
pub struct Minted {
    pub key_id: KeyId,
    pub kind: TokenKind,
    pub secret: Secret,
    pub hash: SecretHash,
}

/// A token that somebody sent, taken apart.
#[derive(Debug)]
pub struct Presented {
    pub key_id: KeyId,
    pub kind: TokenKind,
    pub hash: SecretHash,
}

/// SHA-256 of a token's secret part.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

/// Makes a token with 256 bits from the system's random source.
///
/// # Errors
/// When the system has no randomness to give.
pub fn mint(env: &Env, kind: TokenKind) -> Result<Minted, Failure> {
    let (mut key, mut secret) = ([0; KEY_BYTES], [0; SECRET_BYTES]);
    SysRng.try_fill_bytes(&mut key).map_err(Failure::internal)?;
    SysRng.try_fill_bytes(&mut secret).map_err(Failure::internal)?;
    let key_id = KeyId(hex::encode(key).into());
    let text = format!("{PREFIX}_{env}_{kind}_{key_id}_{}", hex::encode(secret));
    let checksum = crc32fast::hash(text.as_bytes());
    Ok(Minted { key_id, kind, secret: Secret(format!("{text}{checksum:08x}")), hash: SecretHash::of(&secret) })
}

/// Takes a token apart; `None` when it can't be one of this installation.
#[must_use]
pub fn parse(env: &Env, text: &str) -> Option<Presented> {
    if text.len() > LENGTH_MAX {
        return None;
    }
    let (body, checksum) = text.split_at_checked(text.len().checked_sub(CHECKSUM_DIGITS)?)?;
    if checksum != format!("{:08x}", crc32fast::hash(body.as_bytes())) {
        return None;
    }
    let mut parts = body.split('_');
    let (prefix, label, kind) = (parts.next()?, parts.next()?, parts.next()?);
    let (key_id, secret) = (parts.next()?, parts.next()?);
    if prefix != PREFIX || label != &*env.0 || parts.next().is_some() {
        return None;
    }
    let mut bytes = [0; SECRET_BYTES];
    hex::decode_to_slice(secret, &mut bytes).ok()?;
    Some(Presented { key_id: key_id.parse().ok()?, kind: kind.parse().ok()?, hash: SecretHash::of(&bytes) })
}

// === impl Env ===

impl Env {
    /// # Errors
    /// [`NotAnEnv`].
    pub fn new(label: &str) -> Result<Self, NotAnEnv> {
        let fits =
            (1..=16).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if fits { Ok(Self(label.into())) } else { Err(NotAnEnv) }
    }
}

impl fmt::Display for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for NotAnEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must have 1 to 16 characters out of a-z and 0-9")
    }
}
impl std::error::Error for NotAnEnv {}

// === impl KeyId ===

impl KeyId {
    /// One that the database holds.
    pub(crate) fn stored(text: &str) -> Self {
        Self(text.into())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Not a key id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAKeyId;

impl std::str::FromStr for KeyId {
    type Err = NotAKeyId;
    fn from_str(text: &str) -> Result<Self, NotAKeyId> {
        let fits = text.len() == 2 * KEY_BYTES && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if fits { Ok(Self(text.into())) } else { Err(NotAKeyId) }
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PageKey for KeyId {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok()?.parse().ok()
    }
}

// === impl Secret ===

impl Secret {
    /// The token, for the one answer that shows it.
    #[must_use]
    pub fn reveal(self) -> String {
        self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

// === impl SecretHash ===

impl SecretHash {
    fn of(secret: &[u8; SECRET_BYTES]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// What the database holds.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Compares in a time that tells nothing.
    #[must_use]
    pub fn matches(&self, stored: &[u8]) -> bool {
        self.0.ct_eq(stored).into()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

#[cfg(test)]
mod tests;
