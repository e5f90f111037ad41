//! Cuts a stream of bytes into segments, in one bounded buffer.

mod isa;

use std::io::Read;
use std::ops::Range;

use super::window::Window;
use super::{Delimiters, Position, Segment};
use crate::error::{Error, Fault};

/// A segment of more bytes is refused; the longest that the guides allow are a few hundred.
pub const SEGMENT_BYTES_MAX: usize = 64 * 1024;
/// An element of more bytes is refused: the longest that the guides have is a text of 264 characters (STC12), each of
/// at most four bytes. What answers name things by is bounded with it.
pub const ELEMENT_BYTES_MAX: usize = 264 * 4;
/// A segment of more elements is refused.
pub const ELEMENTS_MAX: usize = 256;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The tokenizer: [`advance`](Self::advance) to a segment, then look at it by [`segment`](Self::segment).
///
/// Takes whatever delimiters each ISA declares, line ends after a terminator or as the terminator, a byte order mark
/// and leading white space. Text that isn't UTF-8 is taken as Latin-1, segment by segment.
/// Memory doesn't depend on the file's size.
pub struct Tokens<R> {
    window: Window<R>,
    delimiters: Option<Delimiters>,
    expects_isa: bool,
    repeats: bool,
    // the current segment's place in the window
    place: Range<usize>,
    // its text, when the window isn't text
    own: String,
    ends: Vec<usize>,
    position: Position,
}

impl<R> std::fmt::Debug for Tokens<R> {
    /// The place only: the text may be PHI.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("position", &self.position).finish_non_exhaustive()
    }
}

impl<R: Read> Tokens<R> {
    /// Of a file from its first byte.
    pub fn new(source: R) -> Self {
        Self {
            window: Window::new(source),
            delimiters: None,
            expects_isa: true,
            repeats: false,
            place: 0..0,
            own: String::new(),
            ends: Vec::new(),
            position: Position::default(),
        }
    }

    /// Goes to the next segment; false at the end of the file.
    ///
    /// # Errors
    /// When the source fails, the file doesn't begin with an ISA that declares usable delimiters, or a segment isn't
    /// terminated or beyond a limit.
    pub fn advance(&mut self) -> Result<bool, Error> {
        if std::mem::take(&mut self.repeats) {
            return Ok(true);
        }
        if !self.skip_between()? {
            self.ends.clear();
            return Ok(false);
        }
        self.position.byte = self.window.consumed();
        self.position.segment += 1;
        if self.expects_isa {
            self.take_isa()?;
        } else {
            self.take_segment()?;
        }
        self.count();
        Ok(true)
    }

    /// The segment gone to last; empty before the first.
    #[must_use]
    #[inline]
    pub fn segment(&self) -> Segment<'_> {
        let delimiters = self.delimiters.unwrap_or(Delimiters {
            element: b'*',
            repetition: Some(b'^'),
            component: b':',
            terminator: b'~',
        });
        Segment { text: self.text(), ends: &self.ends, delimiters, position: self.position }
    }

    /// The fault of the current segment if a NUL is among its data, which no text of X12 has and no database takes.
    #[must_use]
    #[inline]
    pub fn nul(&self) -> Option<Fault> {
        if self.window.has_nul() { self.nul_inside() } else { None }
    }

    #[cold]
    fn nul_inside(&self) -> Option<Fault> {
        let at = memchr::memchr(0, self.text().as_bytes())?;
        let element = self.ends.iter().take_while(|end| **end < at).count();
        Some(Fault::of(&self.segment(), u8::try_from(element).unwrap_or(u8::MAX), "text without NUL"))
    }

    #[inline]
    fn text(&self) -> &str {
        self.window.text(&self.place).unwrap_or(&self.own)
    }

    /// Has the next [`advance`](Self::advance) stay where it is.
    pub fn stay(&mut self) {
        self.repeats = true;
    }

    /// Where the segment gone to last is.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// Counts the segment in its set.
    #[inline]
    fn count(&mut self) {
        let next = if self.position.in_set > 0 { self.position.in_set + 1 } else { 0 };
        self.position.in_set = match self.segment().id().as_bytes() {
            b"ST" => 1,
            b"ISA" | b"GS" | b"GE" | b"TA1" => 0,
            b"IEA" => {
                self.expects_isa = true;
                0
            }
            _ => next,
        };
    }

    /// Skips what may stand between segments; false when nothing follows.
    fn skip_between(&mut self) -> Result<bool, Error> {
        if self.expects_isa && self.position.segment == 0 {
            while self.window.unread().len() < BYTE_ORDER_MARK.len() && self.window.fill()? {}
            if self.window.unread().starts_with(BYTE_ORDER_MARK) {
                self.window.consume(BYTE_ORDER_MARK.len());
            }
        }
        // mostly there is nothing, at most a line's end
        if !self.expects_isa && self.window.unread().first().is_some_and(|byte| *byte > b'\r') {
            return Ok(true);
        }
        loop {
            let outside = self.expects_isa;
            // some systems end a file by NUL or Ctrl-Z
            let skipped = |byte: &u8| {
                matches!(byte, b'\r' | b'\n') || outside && (byte.is_ascii_whitespace() || matches!(byte, 0 | 0x1A))
            };
            let count = self.window.unread().iter().take_while(|byte| skipped(byte)).count();
            self.window.consume(count);
            if !self.window.unread().is_empty() {
                return Ok(true);
            }
            if !self.window.fill()? {
                return Ok(false);
            }
        }
    }

    fn take_segment(&mut self) -> Result<(), Error> {
        let Delimiters { element, terminator, .. } = self.segment().delimiters();
        self.ends.clear();
        let mut searched = 0;
        // segments are short, so that one look at each byte for both delimiters is faster than two searches
        let length = loop {
            let rest = self.window.unread().get(searched..).unwrap_or_default();
            let mut terminated = None;
            for (at, byte) in rest.iter().enumerate() {
                if *byte == terminator {
                    terminated = Some(searched + at);
                    break;
                }
                if *byte == element && self.ends.len() <= ELEMENTS_MAX {
                    self.ends.push(searched + at);
                }
            }
            if let Some(length) = terminated {
                break length;
            }
            searched = self.window.unread().len();
            if searched > SEGMENT_BYTES_MAX {
                break searched;
            }
            if !self.window.fill()? {
                // what IEA02 must repeat tells whether the file was cut, so the last terminator may be missing
                if self.window.unread().starts_with(b"IEA") {
                    break searched;
                }
                return Err(Fault::at(self.position, "?", "a segment terminator before the end of the file").into());
            }
        };
        if length > SEGMENT_BYTES_MAX {
            return Err(Fault::at(self.position, "?", "a segment of at most 64 KiB").into());
        }
        if self.set_text(length) {
            self.find_elements(element);
        } else {
            self.ends.push(length);
        }
        self.check_elements()?;
        self.window.consume((length + 1).min(self.window.unread().len()));
        Ok(())
    }

    /// Makes the first `length` unread bytes the current segment; answers whether its offsets differ from theirs.
    #[inline]
    fn set_text(&mut self, length: usize) -> bool {
        self.place = self.window.place(length);
        self.own.clear();
        if self.window.text(&self.place).is_some() {
            return false;
        }
        let bytes = self.window.unread().get(..length).unwrap_or_default();
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                self.own.push_str(text);
                false
            }
            Err(_) => {
                self.own.extend(bytes.iter().map(|byte| char::from(*byte)));
                true
            }
        }
    }

    /// Notes where each element of the current segment ends.
    fn find_elements(&mut self, element: u8) {
        let text = self.window.text(&self.place).unwrap_or(&self.own);
        self.ends.clear();
        self.ends.extend(memchr::memchr_iter(element, text.as_bytes()).take(ELEMENTS_MAX + 1));
        self.ends.push(text.len());
    }

    fn check_elements(&self) -> Result<(), Error> {
        if self.ends.len() > ELEMENTS_MAX {
            return Err(Fault::at(self.position, "?", "a segment of at most 256 elements").into());
        }
        if self.text().len() > ELEMENT_BYTES_MAX {
            let mut before = 0;
            for end in &self.ends {
                if end - before > ELEMENT_BYTES_MAX {
                    return Err(
                        Fault::at(self.position, "?", "an element of at most 1056 bytes (264 characters)").into()
                    );
                }
                before = end + 1;
            }
        }
        Ok(())
    }
}
