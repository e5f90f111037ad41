//! What went back and forth.

use std::fmt;

use therapy_claims::claims::v1 as claims;

/// What was sent, and what the server made of the answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answered {
    pub files: u64,
    pub claims: u64,
    /// Claims that no file can hold.
    pub unfit: u64,
    pub answers: u64,
    /// Claims that an answer moved.
    pub applied: u64,
    /// Claims that an answer told nothing new about.
    pub recorded: u64,
    /// Claims that were known to have that answer.
    pub repeated: u64,
    /// Claims whose answer waits for another one.
    pub parked: u64,
    /// Claims that nobody knows.
    pub unmatched: u64,
    /// Parts that wait for a person, or can't be read.
    pub refused: u64,
}

impl Answered {
    /// Counts one file of answers.
    pub(super) fn add(&mut self, ingested: &claims::IngestResponseResponse) {
        if ingested.repeated {
            return;
        }
        self.answers += 1;
        self.refused += u64::from(ingested.problem.is_some());
        let count = |claims: i32| u64::try_from(claims).unwrap_or_default();
        for message in &ingested.messages {
            self.applied += count(message.applied);
            self.recorded += count(message.recorded);
            self.repeated += count(message.repeated);
            self.parked += count(message.parked);
            self.unmatched += count(message.unmatched);
            self.refused += match message.state() {
                claims::InboundState::Parked | claims::InboundState::Refused => 1,
                claims::InboundState::Applied | claims::InboundState::Repeated | claims::InboundState::Unspecified => 0,
            };
        }
    }
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, claims, unfit, answers, applied, recorded, repeated, parked, unmatched, refused } = self;
        let counts = [
            ("in no file", unfit),
            ("moved", applied),
            ("with nothing new", recorded),
            ("known before", repeated),
            ("waiting for another answer", parked),
            ("of nobody", unmatched),
        ];
        write!(f, "{claims} claims in {files} files by {answers} files")?;
        for (index, (what, count)) in counts.iter().filter(|(_, count)| **count > 0).enumerate() {
            write!(f, "{}{count} {what}", if index == 0 { ": " } else { ", " })?;
        }
        if *refused > 0 {
            write!(f, "; {refused} parts wait for a person")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_answered_is_told_in_words_without_what_did_not_happen() {
        assert_eq!(Answered::default().to_string(), "0 claims in 0 files by 0 files");
        let mut some = Answered { files: 1, claims: 3, ..Answered::default() };
        let message = |applied, repeated, state: claims::InboundState| claims::InboundMessage {
            applied,
            repeated,
            state: state.into(),
            ..Default::default()
        };
        let messages = vec![message(3, 1, claims::InboundState::Applied), message(0, 0, claims::InboundState::Parked)];
        some.add(&claims::IngestResponseResponse { messages, ..Default::default() });
        some.add(&claims::IngestResponseResponse { repeated: true, ..Default::default() });
        let told = "3 claims in 1 files by 1 files: 3 moved, 1 known before; 1 parts wait for a person";
        assert_eq!(some.to_string(), told);
    }
}
