//! Checkpoints: the root of a practice's log at some size, signed, as a text that outlives us.
//!
//! The forms are those of C2SP: a tlog-checkpoint in a signed-note, with Ed25519 keys, so other people's tools read them.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use sha2::{Digest, Sha256};

use crate::chain::Hash;

/// Ed25519, in the keys of signed notes.
const ALGORITHM: u8 = 1;
const SEED: usize = 32;
const PRIVATE: &str = "PRIVATE+KEY+";

/// The root of a log at some size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Names the log: no other has this name.
    pub origin: String,
    /// How many entries the root is over.
    pub size: u64,
    pub root: Hash,
}

impl Checkpoint {
    fn body(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    fn parse(body: &str) -> Option<Self> {
        let mut lines = body.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let parsed = Self {
            origin: origin.to_owned(),
            size: size.parse().ok()?,
            root: STANDARD.decode(root).ok()?.try_into().ok()?,
        };
        // further lines would be extensions, which we write none of; and a number has one form only
        (parsed.body() == body && !origin.is_empty()).then_some(parsed)
    }
}

/// Why a note is not believed.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum Refused {
    #[error("is not a checkpoint")]
    Form,
    #[error("is signed by none of the given keys")]
    UnknownKey,
    #[error("has a wrong signature")]
    Signature,
}

/// Why a text is no key. Never tells what is in it.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error("is not an Ed25519 key of a signed note, NAME+HASH+KEY or PRIVATE+KEY+NAME+HASH+KEY")]
pub struct BadKey;

/// Signs checkpoints.
pub struct Signer {
    key: Ed25519KeyPair,
    verifier: Verifier,
}

/// Tells whether a checkpoint is signed by the holder of a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    hash: [u8; 4],
    key: [u8; SEED],
}

fn key_hash(name: &str, key: &[u8]) -> [u8; 4] {
    let digest: Hash =
        Sha256::new().chain_update(name).chain_update([b'\n', ALGORITHM]).chain_update(key).finalize().into();
    digest.first_chunk().copied().unwrap_or_default()
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c == '+')
}

impl Signer {
    /// A signer from a secret of 32 random bytes. The name must be without spaces and `+`.
    ///
    /// # Errors
    /// When the name is none.
    pub fn new(name: &str, seed: &[u8; SEED]) -> Result<Self, BadKey> {
        let key = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_rejected| BadKey)?;
        let public: [u8; SEED] = key.public_key().as_ref().try_into().map_err(|_length| BadKey)?;
        let verifier = Verifier { name: name.to_owned(), hash: key_hash(name, &public), key: public };
        if is_name(name) { Ok(Self { key, verifier }) } else { Err(BadKey) }
    }

    /// The private key as a text, from its secret: what a key file holds.
    #[must_use]
    pub fn to_text(&self, seed: &[u8; SEED]) -> String {
        let Verifier { name, hash, .. } = &self.verifier;
        format!("{PRIVATE}{name}+{}+{}", hex::encode(hash), STANDARD.encode([&[ALGORITHM], &seed[..]].concat()))
    }

    /// Its public half, for those who verify.
    #[must_use]
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The signed note of a checkpoint: the same bytes whenever it is made.
    #[must_use]
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let body = checkpoint.body();
        let Verifier { name, hash, .. } = &self.verifier;
        let signature = [&hash[..], self.key.sign(body.as_bytes()).as_ref()].concat();
        format!("{body}\n\u{2014} {name} {}\n", STANDARD.encode(signature))
    }
}

/// `NAME+HASH+KEY`: the parts, the key without its algorithm.
fn parse_key(text: &str) -> Option<(&str, [u8; 4], [u8; SEED])> {
    // base64 may hold `+` too, names and hashes don't
    let mut parts = text.splitn(3, '+');
    let (name, hash, key) = (parts.next()?, parts.next()?, parts.next()?);
    let hash = hex::decode(hash).ok()?.try_into().ok()?;
    let (algorithm, key) = STANDARD.decode(key).ok().map(|key| (key.first().copied(), key))?;
    let key = key.get(1..)?.try_into().ok()?;
    (algorithm == Some(ALGORITHM) && is_name(name)).then_some((name, hash, key))
}

impl FromStr for Signer {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        let (name, hash, seed) = text.trim().strip_prefix(PRIVATE).and_then(parse_key).ok_or(BadKey)?;
        let signer = Self::new(name, &seed)?;
        if signer.verifier.hash == hash { Ok(signer) } else { Err(BadKey) }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.verifier).finish()
    }
}

impl Verifier {
    /// Who signs.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads a note and checks that this key signed it.
    fn open(&self, note: &str) -> Result<Checkpoint, Refused> {
        let (body, signatures) = note.split_once("\n\n").ok_or(Refused::Form)?;
        let body = format!("{body}\n");
        let checkpoint = Checkpoint::parse(&body).ok_or(Refused::Form)?;
        if !signatures.ends_with('\n') {
            return Err(Refused::Form);
        }
        for line in signatures.lines() {
            let (name, signature) =
                line.strip_prefix("\u{2014} ").and_then(|line| line.split_once(' ')).ok_or(Refused::Form)?;
            let signature = STANDARD.decode(signature).map_err(|_base64| Refused::Form)?;
            let Some((hash, signature)) = signature.split_at_checked(4) else { return Err(Refused::Form) };
            if name == self.name && hash == self.hash {
                let key = UnparsedPublicKey::new(&ED25519, self.key);
                let verified = key.verify(body.as_bytes(), signature);
                return verified.map(|()| checkpoint).map_err(|_unspecified| Refused::Signature);
            }
        }
        Err(Refused::UnknownKey)
    }
}

/// Reads a note that one of the keys must have signed.
///
/// # Errors
/// Says why it is not believed.
pub fn open(note: &str, keys: &[Verifier]) -> Result<Checkpoint, Refused> {
    let mut refused = Refused::UnknownKey;
    for key in keys {
        match key.open(note) {
            Err(Refused::UnknownKey) => {}
            Err(other) => refused = other,
            Ok(checkpoint) => return Ok(checkpoint),
        }
    }
    Err(refused)
}

impl FromStr for Verifier {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        let (name, hash, key) = parse_key(text.trim()).ok_or(BadKey)?;
        if key_hash(name, &key) == hash { Ok(Self { name: name.to_owned(), hash, key }) } else { Err(BadKey) }
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[ALGORITHM], &self.key[..]].concat());
        write!(f, "{}+{}+{key}", self.name, hex::encode(self.hash))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
