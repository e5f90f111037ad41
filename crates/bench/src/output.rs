//! The one place that prints.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command tells what it does and found")]

use std::error::Error;

/// What is going on, for whoever waits.
pub(crate) fn progress(text: &str) {
    eprintln!("bench: {text}");
}

/// A result.
pub(crate) fn result(text: &str) {
    println!("{text}");
}

/// Why it ended, with the causes.
pub(crate) fn failure(error: &(dyn Error + 'static)) {
    eprintln!("bench: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because {error}");
        cause = error.source();
    }
}
