//! The data set's shape: how much there is of everything, and ids that follow from numbers.
//!
//! Everything is dealt out to the practices in rounds of 245: every fifth goes to practice 1, the rest to the other 49
//! in turn. So a driver finds the practice and the place in it of any patient or session by arithmetic; pgbench does
//! the same in its scripts.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Practices; the first holds a fifth of everything.
pub(crate) const PRACTICES: u32 = 50;
/// One round of dealing: 49 for the first practice, 4 for each other.
const ROUND: u32 = 245;
/// What a scale of 1 is, in the thousandths that scales are kept in.
const FULL: u32 = 1000;
/// Events of the first practice at least: what the feed workload reads.
pub(crate) const FEED_EVENTS: u32 = 100_000;
/// Days that the sessions of one patient are spread over before the next procedure begins.
pub(crate) const DAYS: u32 = 300;
/// The installation that the tokens are for.
pub(crate) const ENV: &str = "bench";

/// What an id names; the first two digits of it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Practice = 1,
    User = 2,
    Therapist = 3,
    Patient = 4,
    Coverage = 5,
    Network = 6,
    Session = 7,
    Claim = 8,
    Event = 9,
    Account = 10,
    Submission = 11,
}

/// Twelve digits each, so that sessions of each kind count from 0.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Series {
    /// Everything but sessions that took place or were cancelled, and their claims.
    First = 1,
    Completed = 2,
    Cancelled = 3,
}

/// One of a practice's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// From 1.
    pub(crate) practice: u32,
    /// From 0 within the practice.
    pub(crate) n: u32,
}

/// How much there is of everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    scale: u32,
}

/// Reads a scale with up to three decimals into thousandths.
pub(crate) fn parse_scale(text: &str) -> Result<u32, String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let bad = || "must be between 0.01 and 1".to_owned();
    if part.len() > 3 || !part.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    let whole: u32 = whole.parse().map_err(|_error| bad())?;
    let part: u32 = format!("{part:0<3}").parse().map_err(|_error| bad())?;
    let scale = whole.saturating_mul(FULL).saturating_add(part);
    if (10..=FULL).contains(&scale) { Ok(scale) } else { Err(bad()) }
}

/// The place of the `g`th when all are dealt out.
pub(crate) const fn place(g: u32) -> Place {
    let (round, r) = (g / ROUND, g % ROUND);
    if r.is_multiple_of(5) {
        return Place { practice: 1, n: round * (ROUND / 5) + r / 5 };
    }
    let x = r - r / 5 - 1;
    Place { practice: 2 + x % (PRACTICES - 1), n: round * 4 + x / (PRACTICES - 1) }
}

/// The id of a thing; UUIDv7 by its version digit.
pub(crate) fn id(kind: Kind, practice: u32, series: Series, n: u32) -> String {
    format!("{:02x}{}-0000-7000-8000-{}{n:011}", kind as u32, digits(practice), series as u32)
}

/// The id of a practice.
pub(crate) fn practice_id(practice: u32) -> String {
    id(Kind::Practice, practice, Series::First, 0)
}

/// Six digits that stand for the practice in ids.
pub(crate) const fn digits(practice: u32) -> u32 {
    100_000 + practice
}

/// Twenty hexadecimal digits.
pub(crate) fn key_id(practice: u32) -> String {
    format!("b0000000000000{}", digits(practice))
}

/// The key of the service account that follows the feed.
pub(crate) const fn feed_key_id() -> &'static str {
    "fe000000000000000000"
}

/// The secret behind a key. Nothing is secret about it: the data set lives in a directory of its own.
fn secret(key_id: &str) -> [u8; 32] {
    Sha256::digest(key_id.as_bytes()).into()
}

/// What the database keeps of a key's secret, in hexadecimal.
pub(crate) fn secret_hash(key_id: &str) -> String {
    hex::encode(Sha256::digest(secret(key_id)))
}

/// The token as its bearer sends it.
pub(crate) fn token(kind: &str, key_id: &str) -> String {
    let mut text = format!("tc_{ENV}_{kind}_{key_id}_{}", hex::encode(secret(key_id)));
    let checksum = crc32fast::hash(text.as_bytes());
    // writing to a String can't fail
    let _written = write!(text, "{checksum:08x}");
    text
}

impl Plan {
    pub(crate) const fn new(scale: u32) -> Self {
        Self { scale }
    }

    /// Rounds of dealing that come closest to the full number at this scale.
    const fn rounds(self, full: u32) -> u32 {
        let rounds = (full / FULL * self.scale + ROUND / 2) / ROUND;
        if rounds == 0 { 1 } else { rounds }
    }

    pub(crate) const fn patients(self) -> u32 {
        self.rounds(20_000) * ROUND
    }

    pub(crate) const fn completed(self) -> u32 {
        self.rounds(600_000) * ROUND
    }

    pub(crate) const fn scheduled(self) -> u32 {
        self.rounds(350_000) * ROUND
    }

    pub(crate) const fn cancelled(self) -> u32 {
        self.rounds(50_000) * ROUND
    }

    pub(crate) const fn patients_of(self, practice: u32) -> u32 {
        self.rounds(20_000) * if practice == 1 { ROUND / 5 } else { 4 }
    }

    pub(crate) const fn claims_of_first(self) -> u32 {
        self.rounds(600_000) * (ROUND / 5)
    }

    pub(crate) const fn therapists_of(self, practice: u32) -> u32 {
        let full = if practice == 1 { 100 } else { 8 };
        let scaled = full * self.scale / FULL;
        if scaled == 0 { 1 } else { scaled }
    }

    /// Sessions that can be scheduled before a patient has two of a kind on one day.
    pub(crate) const fn sessions_max(self) -> u32 {
        self.patients() * DAYS * 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_place_of_its_own() {
        let mut seen = std::collections::HashSet::new();
        for g in 0..ROUND * 4 {
            let Place { practice, n } = place(g);
            assert!((1..=PRACTICES).contains(&practice) && seen.insert((practice, n)), "{g}");
        }
        let of_first = seen.iter().filter(|(practice, _)| *practice == 1).count();
        assert_eq!(of_first, 4 * 49);
        assert!(seen.iter().all(|(practice, n)| *n < if *practice == 1 { 4 * 49 } else { 16 }));
    }

    #[test]
    fn a_scale_is_read_in_thousandths() {
        assert_eq!(parse_scale("0.1"), Ok(100));
        assert_eq!(parse_scale("1"), Ok(1000));
        assert_eq!(parse_scale("0.025"), Ok(25));
        assert!(parse_scale("2").is_err() && parse_scale("0.0001").is_err() && parse_scale("-1").is_err());
    }

    #[test]
    fn tokens_are_of_the_form_that_the_server_reads() {
        let env = tenancy::token::Env::new(ENV).expect("it is one");
        let parsed = tenancy::token::parse(&env, &token("session", &key_id(7))).expect("it is a token");
        assert_eq!(parsed.key_id.as_str(), key_id(7));
        assert_eq!(hex::encode(parsed.hash.as_bytes()), secret_hash(&key_id(7)));
    }
}
