//! The key that signs checkpoints, and those that signed before it.

use std::str::FromStr;

use audit::note::{BadKey, Checkpoint, Refused, Signer, Verifier, open};
use kernel::PracticeId;

/// One private key, whose checkpoints are written, and the public halves of earlier ones, whose checkpoints are continued.
#[derive(Debug)]
pub struct Keys {
    signer: Signer,
    believed: Vec<Verifier>,
}

/// Why a key file is not taken. Never tells what is in it.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum BadKeys {
    #[error("no key: the first line must be a private key, as `claimsd audit new-key` makes it")]
    Empty,
    #[error("line {0} {1}")]
    Line(usize, BadKey),
    #[error("line {0} is the public key of another name: checkpoints are of the same log only under one name")]
    Name(usize),
}

impl Keys {
    #[must_use]
    pub fn new(signer: Signer) -> Self {
        Self { believed: vec![signer.verifier().clone()], signer }
    }

    /// The name of a practice's log.
    #[must_use]
    pub fn origin(&self, practice: PracticeId) -> String {
        format!("{}/{practice}", self.signer.verifier().name())
    }

    pub(crate) fn sign(&self, checkpoint: &Checkpoint) -> String {
        self.signer.sign(checkpoint)
    }

    pub(crate) fn open(&self, note: &[u8]) -> Result<Checkpoint, Refused> {
        open(std::str::from_utf8(note).map_err(|_not_text| Refused::Form)?, &self.believed)
    }
}

impl FromStr for Keys {
    type Err = BadKeys;

    /// The private key; then, a line each, public keys of the same name that signed before. What begins with `#` is for
    /// people.
    fn from_str(text: &str) -> Result<Self, BadKeys> {
        let is_key = |line: &str| !line.is_empty() && !line.starts_with('#');
        let mut lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| is_key(line));
        let (n, first) = lines.next().ok_or(BadKeys::Empty)?;
        let mut keys = Self::new(first.parse().map_err(|bad| BadKeys::Line(n + 1, bad))?);
        for (n, line) in lines {
            let earlier: Verifier = line.parse().map_err(|bad| BadKeys::Line(n + 1, bad))?;
            if earlier.name() != keys.signer.verifier().name() {
                return Err(BadKeys::Name(n + 1));
            }
            keys.believed.push(earlier);
        }
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(name: &str, seed: u8) -> Signer {
        Signer::new(name, &[seed; 32]).unwrap()
    }

    #[test]
    fn a_key_file_is_a_private_key_and_public_ones_of_before() {
        let (new, old) = (signer("log", 2), signer("log", 1));
        let text = format!("# since May\n{}\n\n{}\n", new.to_text(&[2; 32]), old.verifier());
        let keys: Keys = text.parse().unwrap();
        let checkpoint = Checkpoint { origin: keys.origin(PracticeId::NIL), size: 1, root: [3; 32] };
        assert_eq!(checkpoint.origin, "log/00000000-0000-0000-0000-000000000000");
        assert_eq!(keys.sign(&checkpoint), new.sign(&checkpoint));
        assert_eq!(keys.open(old.sign(&checkpoint).as_bytes()), Ok(checkpoint.clone()));
        assert_eq!(keys.open(signer("log", 3).sign(&checkpoint).as_bytes()), Err(Refused::UnknownKey));
        assert_eq!(keys.open(&[0xff]), Err(Refused::Form));
    }

    #[test]
    fn a_key_file_that_is_not_one_is_refused_by_line() {
        let private = signer("log", 1).to_text(&[1; 32]);
        let public = signer("log", 1).verifier().to_string();
        let cases = [
            (String::new(), BadKeys::Empty),
            (public.clone(), BadKeys::Line(1, BadKey)),
            (format!("{private}\n{private}"), BadKeys::Line(2, BadKey)),
            (format!("{private}\n{public}\n{}", signer("other", 1).verifier()), BadKeys::Name(3)),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Keys>().unwrap_err(), expected);
        }
    }
}
