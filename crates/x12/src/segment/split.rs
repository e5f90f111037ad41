//! The parts of an element between one delimiter.

/// Iterates over the parts of a text; always at least one, which may be empty.
#[derive(Clone)]
pub struct Split<'a> {
    rest: Option<&'a str>,
    delimiter: Option<u8>,
}

impl<'a> Split<'a> {
    pub(super) fn new(text: &'a str, delimiter: Option<u8>) -> Self {
        Self { rest: Some(text), delimiter }
    }
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        // a delimiter is ASCII, so that it is never inside of another character
        let found = self.delimiter.and_then(|delimiter| rest.bytes().position(|byte| byte == delimiter));
        match found.and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?))) {
            Some((part, after)) => {
                self.rest = Some(after);
                Some(part)
            }
            None => self.rest.take(),
        }
    }
}

impl std::fmt::Debug for Split<'_> {
    /// Without the parts: they may be PHI.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Split").finish_non_exhaustive()
    }
}
