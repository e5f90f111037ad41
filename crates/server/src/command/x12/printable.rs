//! Text from strangers on a terminal.

use std::io::{self, Write};

/// Hands on what is written, with a sign in the place of each control character: a terminal would obey it.
pub(super) struct Printable<W>(pub(super) W);

impl<W: Write> Write for Printable<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // formatting hands on whole characters
        let text = String::from_utf8_lossy(bytes);
        if text.chars().any(is_obeyed) {
            let shown: String =
                text.chars().map(|c| if is_obeyed(c) { char::REPLACEMENT_CHARACTER } else { c }).collect();
            self.0.write_all(shown.as_bytes())?;
        } else {
            self.0.write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn is_obeyed(c: char) -> bool {
    c.is_control() && c != '\n'
}
