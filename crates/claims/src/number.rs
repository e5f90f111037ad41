//! Claim numbers: what a payer's answer carries back to us, so they must not be guessed, misread or used twice.

use std::fmt;
use std::str::FromStr;

use rand::CryptoRng;

/// Letters and digits without the look-alikes I, O, 0 and 1: 32 of them, so each is five random bits.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

const LENGTH: usize = 12;

/// Twelve random characters; travels as CLM01 and never changes.
///
/// 60 bits: among a hundred million claims the chance that any two agree is below one in two hundred.
/// The database's key settles even that, and the caller then takes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClaimNumber([u8; LENGTH]);

/// A text that is not a claim number of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a claim number is {LENGTH} letters and digits without I, O, 0 and 1")]
pub struct NotAClaimNumber;

impl ClaimNumber {
    /// A fresh one, from the generator that the operating system seeds.
    #[must_use]
    pub fn random() -> Self {
        Self::from_rng(&mut rand::rng())
    }

    fn from_rng(rng: &mut impl CryptoRng) -> Self {
        let mut bits = rng.next_u64();
        Self(std::array::from_fn(|_| {
            let [.., low] = bits.to_be_bytes();
            bits >>= 5;
            // five bits name one of 32
            ALPHABET.get(usize::from(low & 31)).copied().unwrap_or(b'A')
        }))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        // ASCII by construction
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for ClaimNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ClaimNumber {
    type Err = NotAClaimNumber;

    fn from_str(text: &str) -> Result<Self, NotAClaimNumber> {
        let bytes: [u8; LENGTH] = text.as_bytes().try_into().map_err(|_length| NotAClaimNumber)?;
        if bytes.iter().all(|byte| ALPHABET.contains(byte)) { Ok(Self(bytes)) } else { Err(NotAClaimNumber) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    proptest! {
        #[test]
        fn a_number_survives_being_written(seed: u64) {
            let number = ClaimNumber::from_rng(&mut StdRng::seed_from_u64(seed));
            prop_assert_eq!(number.to_string().parse::<ClaimNumber>(), Ok(number));
        }

        #[test]
        fn what_parses_has_the_form_that_the_database_checks(text in "[A-Z0-9]{11,13}") {
            let has_form = text.len() == 12 && !text.contains(['I', 'O', '0', '1']);
            prop_assert_eq!(text.parse::<ClaimNumber>().is_ok(), has_form);
        }

        #[test]
        fn no_text_panics(text in ".{0,14}") {
            let _ = text.parse::<ClaimNumber>();
        }
    }

    #[test]
    fn every_character_comes_in_every_place() {
        let mut seen = [const { 0u32 }; LENGTH];
        for _ in 0..2_000 {
            for (place, byte) in seen.iter_mut().zip(ClaimNumber::random().0) {
                *place |= 1 << ALPHABET.iter().position(|known| *known == byte).unwrap();
            }
        }
        assert!(seen.iter().all(|place| *place == u32::MAX));
    }

    #[test]
    fn numbers_do_not_repeat() {
        let numbers: HashSet<_> = (0..100_000).map(|_| ClaimNumber::random()).collect();
        assert_eq!(numbers.len(), 100_000);
    }
}
