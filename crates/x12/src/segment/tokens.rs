//! Cuts a stream of bytes into segments, in one bounded buffer.

use std::io::{ErrorKind, Read};

use super::{Delimiters, Position, Segment};
use crate::error::{Error, Fault};

/// A segment of more bytes is refused; the longest that the guides allow are a few hundred.
pub const SEGMENT_BYTES_MAX: usize = 64 * 1024;
/// An element of more bytes is refused.
pub const ELEMENT_BYTES_MAX: usize = 8 * 1024;
/// A segment of more elements is refused.
pub const ELEMENTS_MAX: usize = 256;

const BUFFER_BYTES_MIN: usize = 8 * 1024;
const BUFFER_BYTES_MAX: usize = 4 * SEGMENT_BYTES_MAX;
const ISA_ELEMENTS: usize = 16;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The tokenizer: [`advance`](Self::advance) to a segment, then look at it by [`segment`](Self::segment).
///
/// Takes whatever delimiters each ISA declares, line ends after a terminator or as the terminator, a byte order mark
/// and leading white space. Text that isn't UTF-8 is taken as Latin-1, segment by segment.
/// Memory doesn't depend on the file's size.
pub struct Tokens<R> {
    source: R,
    buffer: Vec<u8>,
    // the unread bytes are buffer[start..end]
    start: usize,
    end: usize,
    exhausted: bool,
    // bytes of the file before buffer[start]
    consumed: u64,
    delimiters: Option<Delimiters>,
    expects_isa: bool,
    repeats: bool,
    text: String,
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
            source,
            buffer: vec![0; BUFFER_BYTES_MIN],
            start: 0,
            end: 0,
            exhausted: false,
            consumed: 0,
            delimiters: None,
            expects_isa: true,
            repeats: false,
            text: String::new(),
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
            return Ok(false);
        }
        self.position.byte = self.consumed;
        self.position.segment += 1;
        if self.expects_isa {
            self.take_isa()?;
        } else {
            self.take_segment()?;
        }
        self.place();
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
        Segment { text: &self.text, ends: &self.ends, delimiters, position: self.position }
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
    fn place(&mut self) {
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
            while self.end - self.start < BYTE_ORDER_MARK.len() && self.fill()? {}
            if self.unread().starts_with(BYTE_ORDER_MARK) {
                self.consume(BYTE_ORDER_MARK.len());
            }
        }
        // mostly there is nothing, at most a line's end
        if !self.expects_isa && self.unread().first().is_some_and(|byte| *byte > b'\r') {
            return Ok(true);
        }
        loop {
            let outside = self.expects_isa;
            // some systems end a file by NUL or Ctrl-Z
            let skipped = |byte: &u8| {
                matches!(byte, b'\r' | b'\n') || outside && (byte.is_ascii_whitespace() || matches!(byte, 0 | 0x1A))
            };
            let count = self.unread().iter().take_while(|byte| skipped(byte)).count();
            self.consume(count);
            if self.start < self.end {
                return Ok(true);
            }
            if !self.fill()? {
                return Ok(false);
            }
        }
    }

    fn take_isa(&mut self) -> Result<(), Error> {
        let bad = |expected| Fault::at(self.position, "ISA", expected);
        let refused = bad("ISA, its sixteen elements and a terminator");
        let distinct = bad("four different delimiters, none a letter, digit or space");
        // fixed width says where the delimiters are, but counting takes wrongly padded ones too
        let (component_at, element) = loop {
            let bytes = self.unread();
            if let [b'I', b'S', b'A', element, rest @ ..] = bytes {
                let last = memchr::memchr_iter(*element, rest).nth(ISA_ELEMENTS - 2);
                if let Some(at) = last.map(|at| at + 5).filter(|at| at + 1 < bytes.len()) {
                    break (at, *element);
                }
            }
            if self.end - self.start > ELEMENT_BYTES_MAX || !self.fill()? {
                return Err(refused.into());
            }
        };
        let (component, terminator) = match self.unread().get(component_at..component_at + 2) {
            Some([component, terminator]) => (*component, *terminator),
            _ => return Err(refused.into()),
        };
        self.delimiters = Some(Delimiters { element, repetition: None, component, terminator });
        self.set_text(component_at + 1);
        self.find_elements(element);
        self.check_elements()?;
        let repetition = match self.segment().element(11).as_bytes() {
            [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() => Some(*byte),
            _ => None,
        };
        let all = [Some(element), Some(component), Some(terminator), repetition];
        let usable = |byte: u8| byte.is_ascii() && !byte.is_ascii_alphanumeric() && byte != b' ';
        for (n, one) in all.iter().enumerate() {
            let Some(byte) = one else { continue };
            if !usable(*byte) || all.iter().skip(n + 1).any(|other| other == one) {
                return Err(distinct.into());
            }
        }
        self.delimiters = Some(Delimiters { element, repetition, component, terminator });
        self.expects_isa = false;
        self.consume(component_at + 2);
        Ok(())
    }

    fn take_segment(&mut self) -> Result<(), Error> {
        let Delimiters { element, terminator, .. } = self.segment().delimiters();
        self.ends.clear();
        let mut searched = 0;
        // segments are short, so that one look at each byte for both delimiters is faster than two searches
        let length = loop {
            let rest = self.buffer.get(self.start + searched..self.end).unwrap_or_default();
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
            searched = self.end - self.start;
            if searched > SEGMENT_BYTES_MAX {
                break searched;
            }
            if !self.fill()? {
                // what IEA02 must repeat tells whether the file was cut, so the last terminator may be missing
                if self.unread().starts_with(b"IEA") {
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
        self.consume((length + 1).min(self.end - self.start));
        Ok(())
    }

    /// Makes the first `length` unread bytes the current segment; answers whether its offsets differ from theirs.
    fn set_text(&mut self, length: usize) -> bool {
        self.text.clear();
        let bytes = self.buffer.get(self.start..self.start + length).unwrap_or_default();
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                self.text.push_str(text);
                false
            }
            Err(_) => {
                self.text.extend(bytes.iter().map(|byte| char::from(*byte)));
                true
            }
        }
    }

    /// Notes where each element of the current segment ends.
    fn find_elements(&mut self, element: u8) {
        self.ends.clear();
        self.ends.extend(memchr::memchr_iter(element, self.text.as_bytes()).take(ELEMENTS_MAX + 1));
        self.ends.push(self.text.len());
    }

    fn check_elements(&self) -> Result<(), Error> {
        if self.ends.len() > ELEMENTS_MAX {
            return Err(Fault::at(self.position, "?", "a segment of at most 256 elements").into());
        }
        if self.text.len() > ELEMENT_BYTES_MAX {
            let mut before = 0;
            for end in &self.ends {
                if end - before > ELEMENT_BYTES_MAX {
                    return Err(Fault::at(self.position, "?", "an element of at most 8 KiB").into());
                }
                before = *end;
            }
        }
        Ok(())
    }

    #[inline]
    fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    #[inline]
    fn consume(&mut self, bytes: usize) {
        self.start += bytes;
        self.consumed += bytes as u64;
    }

    /// Reads on into the buffer; false when there is nothing more.
    fn fill(&mut self) -> Result<bool, Error> {
        if self.exhausted {
            return Ok(false);
        }
        // most files are small, and large ones should be read in large pieces
        if self.end == self.buffer.len() && self.end < BUFFER_BYTES_MAX {
            self.buffer.resize(self.end * 2, 0);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        loop {
            match self.source.read(self.buffer.get_mut(self.end..).unwrap_or_default()) {
                Ok(0) => {
                    self.exhausted = true;
                    return Ok(false);
                }
                Ok(count) => {
                    // a reader that claims more than it was given room for doesn't move us beyond the buffer
                    self.end = (self.end + count).min(self.buffer.len());
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
