//! What of a file is in memory: a window of bounded size that goes over it once.

use std::io::{ErrorKind, Read};
use std::ops::Range;

use super::SEGMENT_BYTES_MAX;

const BYTES_MIN: usize = 8 * 1024;
const BYTES_MAX: usize = 4 * SEGMENT_BYTES_MAX;

/// The unread bytes of a source and those that were read last.
pub(super) struct Window<R> {
    source: R,
    content: Content,
    // the bytes that the window may have
    room: usize,
    // the unread ones are behind it
    start: usize,
    // of a character of which the source hasn't given the rest
    begun: Vec<u8>,
    // looked for in whole blocks, so that the many files without one pay next to nothing
    has_nul: bool,
    exhausted: bool,
    // bytes of the file before `start`
    consumed: u64,
}

/// Checked as a whole, which is much faster than segment by segment.
enum Content {
    Text(String),
    /// Some of it isn't UTF-8.
    Bytes(Vec<u8>),
}

impl<R> Window<R> {
    pub(super) fn new(source: R) -> Self {
        let content = Content::Text(String::new());
        let begun = Vec::new();
        Self { source, content, room: BYTES_MIN, start: 0, begun, has_nul: false, exhausted: false, consumed: 0 }
    }

    #[inline]
    pub(super) fn unread(&self) -> &[u8] {
        let bytes = match &self.content {
            Content::Text(text) => text.as_bytes(),
            Content::Bytes(bytes) => bytes,
        };
        bytes.get(self.start..).unwrap_or_default()
    }

    /// Where the next `length` unread bytes are, until the next [`fill`](Self::fill).
    #[inline]
    pub(super) fn place(&self, length: usize) -> Range<usize> {
        self.start..self.start + length
    }

    /// What is there as text; none when not all of the window is text.
    #[inline]
    pub(super) fn text(&self, place: &Range<usize>) -> Option<&str> {
        match &self.content {
            Content::Text(text) => text.get(place.clone()),
            Content::Bytes(_) => None,
        }
    }

    /// Whether there may be a NUL in what the window has.
    #[inline]
    pub(super) fn has_nul(&self) -> bool {
        self.has_nul
    }

    #[inline]
    pub(super) fn consume(&mut self, bytes: usize) {
        self.start += bytes;
        self.consumed += bytes as u64;
    }

    /// The bytes of the file before the unread ones.
    #[inline]
    pub(super) fn consumed(&self) -> u64 {
        self.consumed
    }
}

impl<R: Read> Window<R> {
    /// Reads on; false when there is nothing more.
    pub(super) fn fill(&mut self) -> std::io::Result<bool> {
        if self.exhausted {
            return Ok(false);
        }
        let mut bytes = match std::mem::replace(&mut self.content, Content::Bytes(Vec::new())) {
            Content::Text(text) => text.into_bytes(),
            Content::Bytes(bytes) => bytes,
        };
        // most files are small, and large ones should be read in large pieces
        if bytes.len() >= self.room && self.room < BYTES_MAX {
            self.room *= 2;
        }
        bytes.drain(..self.start);
        self.start = 0;
        self.has_nul = self.has_nul && memchr::memchr(0, &bytes).is_some();
        bytes.append(&mut self.begun);
        let read = self.read(&mut bytes);
        self.content = self.checked(bytes);
        read
    }

    fn read(&mut self, bytes: &mut Vec<u8>) -> std::io::Result<bool> {
        let before = bytes.len();
        bytes.resize(self.room.max(before + 1), 0);
        let read = loop {
            match self.source.read(bytes.get_mut(before..).unwrap_or_default()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        bytes.truncate(before.saturating_add(read.as_ref().map_or(0, |count| *count)));
        self.has_nul |= memchr::memchr(0, bytes.get(before..).unwrap_or_default()).is_some();
        self.exhausted = matches!(read, Ok(0));
        read.map(|count| count > 0)
    }

    fn checked(&mut self, bytes: Vec<u8>) -> Content {
        let error = match String::from_utf8(bytes) {
            Ok(text) => return Content::Text(text),
            Err(error) => error,
        };
        let (text_ends, is_begun) = (error.utf8_error().valid_up_to(), error.utf8_error().error_len().is_none());
        let mut bytes = error.into_bytes();
        if !is_begun || self.exhausted {
            return Content::Bytes(bytes);
        }
        self.begun = bytes.split_off(text_ends);
        String::from_utf8(bytes).map_or_else(|error| Content::Bytes(error.into_bytes()), Content::Text)
    }
}
