//! ISA: the one segment that tells by its own form where its parts end.

use std::io::Read;

use super::{ELEMENT_BYTES_MAX, Tokens};
use crate::error::{Error, Fault};
use crate::segment::Delimiters;

const ELEMENTS: usize = 16;

impl<R: Read> Tokens<R> {
    /// Takes an ISA and the delimiters that it declares.
    pub(super) fn take_isa(&mut self) -> Result<(), Error> {
        let bad = |expected| Fault::at(self.position, "ISA", expected);
        let refused = bad("ISA, its sixteen elements and a terminator");
        let distinct = bad("four different delimiters, none a letter, digit, space or NUL");
        // fixed width says where the delimiters are, but counting takes wrongly padded ones too
        let (component_at, element) = loop {
            let bytes = self.window.unread();
            if let [b'I', b'S', b'A', element, rest @ ..] = bytes {
                let last = memchr::memchr_iter(*element, rest).nth(ELEMENTS - 2);
                if let Some(at) = last.map(|at| at + 5).filter(|at| at + 1 < bytes.len()) {
                    break (at, *element);
                }
            }
            if self.window.unread().len() > ELEMENT_BYTES_MAX || !self.window.fill()? {
                return Err(refused.into());
            }
        };
        let (component, terminator) = match self.window.unread().get(component_at..component_at + 2) {
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
        let usable = |byte: u8| byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, 0 | b' ');
        for (n, one) in all.iter().enumerate() {
            let Some(byte) = one else { continue };
            if !usable(*byte) || all.iter().skip(n + 1).any(|other| other == one) {
                return Err(distinct.into());
            }
        }
        self.delimiters = Some(Delimiters { element, repetition, component, terminator });
        self.expects_isa = false;
        self.window.consume(component_at + 2);
        Ok(())
    }
}
