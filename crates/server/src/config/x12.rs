//! `claimsd x12`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::import::Output;

/// `claimsd x12`.
#[derive(Debug, Clone, Args)]
pub struct X12 {
    #[command(subcommand)]
    pub action: X12Action,
}

/// What is done with X12 files.
#[derive(Debug, Clone, Subcommand)]
pub enum X12Action {
    /// Prints what is understood of a file: 837P, TA1, 999, 277CA and 835, as they come. It ends with 1 when a set is
    /// broken or a payment doesn't add up, and says where; the other sets are printed all the same. Names and ids of
    /// patients are printed as well.
    Read {
        /// The file; "-" reads standard input.
        file: PathBuf,
        /// How it is shown; with json, each line is a document of its own.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Writes claims as an 837P file, or names every field that no file can hold and writes nothing.
    Write {
        /// The claims as JSON; "-" reads standard input.
        #[arg(long)]
        claims: PathBuf,
        /// Where the file goes; standard output when left out.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Plays clearinghouse and payers for 837P files: writes TA1, 999, 277CA and 835 files, numbered in the order in
    /// which they arrive. A member id that begins with DENY, REJ, PEND, DED, PART, REV, DUP, LATE, UNB, UNK, FWD or ZERO
    /// steers what becomes of a claim; otherwise it is drawn.
    Answer {
        /// The 837P files, in the order in which they are sent.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The directory that the answers go to.
        #[arg(long)]
        out: PathBuf,
        /// What the answers are made from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}
