//! What verification found, for people and for machines.

use std::fmt;

use audit::note::Refused;
use kernel::PracticeId;
use serde::{Serialize, Serializer};

/// What is wrong at a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Missing,
    Twice,
    Unreadable,
    Hash,
    Body,
    Column(&'static str),
    Mac,
    Head,
    Root {
        checkpoint: u64,
    },
    RolledBack {
        checkpoint: u64,
    },
    Note(Refused),
    Misplaced,
    /// A file of the archive is not the one that its digest was made of.
    Digest,
    /// What a file says about itself is not so.
    Contents(&'static str),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the entry is missing"),
            Self::Unreadable => f.write_str("the row holds what the service never writes"),
            Self::Twice => f.write_str("the position is there twice"),
            Self::Hash => f.write_str("the hash does not follow from the entry and the one before"),
            Self::Body => f.write_str("the body can't be read"),
            Self::Column(column) => write!(f, "the column {column} says something else than the body"),
            Self::Mac => f.write_str("the MAC is not of this body: whoever wrote it had no key"),
            Self::Head => f.write_str("the head is not that of the last entry"),
            Self::Root { checkpoint } => {
                write!(f, "from here on, something is not what checkpoint {checkpoint} was signed over")
            }
            Self::RolledBack { checkpoint } => {
                write!(f, "the log ends here, but checkpoint {checkpoint} was signed over more")
            }
            Self::Note(refused) => write!(f, "the next checkpoint {refused}"),
            Self::Digest => f.write_str("the file with this entry is not the one that its digest was made of"),
            Self::Contents(what) => write!(f, "the file with this entry says of itself what is not so: {what}"),
            Self::Misplaced => f.write_str("the next checkpoint is not of this practice and size"),
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn as_text<S: Serializer>(practice: &PracticeId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(practice)
}

/// The first thing that is wrong in a practice's log. What comes after it is not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    #[serde(serialize_with = "as_text")]
    pub practice: PracticeId,
    pub position: i64,
    #[serde(rename = "problem")]
    pub kind: Kind,
}

/// What could not be checked, as something was not given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    #[serde(serialize_with = "as_text")]
    pub practice: PracticeId,
    /// The first entry that it concerns.
    pub position: i64,
    /// The last one, when it is not all that follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<i64>,
    pub problem: String,
}

/// The whole outcome.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub practices: u64,
    pub entries: u64,
    pub checkpoints: u64,
    /// Whether MACs were checked: the keys were given.
    pub macs_checked: bool,
    pub tampered: Vec<Finding>,
    pub incomplete: Vec<Gap>,
}

impl Report {
    /// 0 when all is well, 1 when something was tampered with, 2 when not all could be checked.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match (self.tampered.is_empty(), self.incomplete.is_empty()) {
            (false, _) => 1,
            (true, false) => 2,
            (true, true) => 0,
        }
    }
}
