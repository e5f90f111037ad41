//! What the command line shows: results on standard output, progress beside them on standard error.

use std::io::{IsTerminal, stderr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

/// Writes a line of the result.
#[expect(clippy::print_stdout, reason = "the command line's own door to standard output")]
pub fn say(line: &str) {
    println!("{line}");
}

/// Writes a line about how things go.
#[expect(clippy::print_stderr, reason = "the command line's own door to standard error")]
pub fn note(line: &str) {
    eprintln!("{line}");
}

/// Writes a table of the result.
pub fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) {
    let mut table = Table::new();
    table.load_style(presets::ASCII_FULL_CONDENSED).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    say(&table.trim_fmt());
}

/// How far some work has come: a bar on a terminal, a line every few seconds elsewhere.
#[derive(Debug)]
pub struct Progress {
    what: String,
    total: u64,
    done: AtomicU64,
    bar: Option<ProgressBar>,
    told: Mutex<Instant>,
}

/// How often a line is written where there is no terminal.
const EVERY: Duration = Duration::from_secs(5);

impl Progress {
    #[must_use]
    pub fn new(what: &str, total: u64) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total);
            if let Ok(style) = ProgressStyle::with_template("{msg:<28} {wide_bar} {pos}/{len} {elapsed}") {
                bar.set_style(style);
            }
            bar.with_message(what.to_owned())
        });
        Self { what: what.to_owned(), total, done: AtomicU64::new(0), bar, told: Mutex::new(Instant::now()) }
    }

    /// One more is done.
    pub fn advance(&self) {
        self.show(self.done.fetch_add(1, Ordering::Relaxed) + 1);
    }

    /// So many are done.
    pub fn reached(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
        // a look at the time would cost more than what is told of
        if done.is_multiple_of(1024) {
            self.show(done);
        }
    }

    fn show(&self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            return;
        }
        if let Ok(mut told) = self.told.lock()
            && told.elapsed() >= EVERY
        {
            *told = Instant::now();
            note(&self.line(done));
        }
    }

    /// Of how many, when that is known.
    fn line(&self, done: u64) -> String {
        match self.total {
            0 => format!("{}: {done}", self.what),
            total => format!("{}: {done} of {total}", self.what),
        }
    }

    /// The work is over.
    pub fn finish(&self) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(self.done.load(Ordering::Relaxed));
                bar.finish();
            }
            None => note(&self.line(self.done.load(Ordering::Relaxed))),
        }
    }
}
