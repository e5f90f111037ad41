//! The second factor: codes of an authenticator (RFC 6238), each of which works once.

pub mod store;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool, Int8, Uuid as SqlUuid};
use kernel::id::UserId;
use kernel::{Code, Failure};
use rand::TryRng as _;
use rand::rngs::SysRng;
use totp_rs::{Builder, Secret, Totp};

const ISSUER: &str = "therapy-claims";
/// One step early or late: clocks differ, and people type.
const SKEW: u16 = 1;
const DIGITS: usize = 6;
pub const SECRET_BYTES: usize = 20;
/// The reason of [`refusal`].
pub const REFUSED: &str = "TOTP_CODE_REFUSED";
/// The reason of [`code_required`].
pub const CODE_REQUIRED: &str = "TOTP_CODE_REQUIRED";

/// An authenticator as stored.
#[derive(Clone, QueryableByName)]
pub struct Authenticator {
    #[diesel(sql_type = SqlUuid)]
    pub user_id: UserId,
    #[diesel(sql_type = Binary)]
    pub secret: Vec<u8>,
    #[diesel(sql_type = Int8)]
    last_step: i64,
    #[diesel(sql_type = Bool)]
    pub is_confirmed: bool,
}

impl Authenticator {
    /// The step whose code this is, unless it is used up.
    #[must_use]
    pub fn check(&self, code: &str, now: DateTime<Utc>) -> Option<i64> {
        let code = code.trim();
        if code.len() != DIGITS || !code.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let time = u64::try_from(now.timestamp()).ok()?;
        let step = i64::try_from(generator(&self.secret).check(code, time)?).ok()?;
        (step > self.last_step).then_some(step)
    }
}

/// A new secret, from the system's random source.
///
/// # Errors
/// When the system has no randomness to give.
pub fn new_secret() -> Result<[u8; SECRET_BYTES], Failure> {
    let mut secret = [0; SECRET_BYTES];
    SysRng.try_fill_bytes(&mut secret).map_err(Failure::internal)?;
    Ok(secret)
}

/// The secret as people type it, and as a link that authenticators read.
#[must_use]
pub fn shown(secret: &[u8], email: &str) -> (String, String) {
    let secret = Secret::new(secret.into()).to_base32();
    let uri = format!("otpauth://totp/{ISSUER}:{}?secret={secret}&issuer={ISSUER}", percent_encoded(email));
    (secret, uri)
}

fn generator(secret: &[u8]) -> Totp {
    // SHA-1, six digits, 30 seconds: what every authenticator can do
    Builder::new().with_secret(Secret::new(secret.into())).with_skew(SKEW).build_noncompliant()
}

fn percent_encoded(text: &str) -> String {
    let encode = |b: u8| match b {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(b).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// A code that is wrong, out of its time or used up, in the same words.
#[must_use]
pub fn refusal() -> Failure {
    Failure::new(Code::FailedPrecondition, REFUSED, "the code is not right, or was used already; wait for the next one")
}

/// A log-in of somebody with an authenticator, without a code that counts.
#[must_use]
pub fn code_required() -> Failure {
    Failure::new(
        Code::Unauthenticated,
        CODE_REQUIRED,
        "totp_code must be a code that the authenticator shows now; each one works once",
    )
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests;
