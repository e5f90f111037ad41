//! The hierarchy of a 277CA: HL numbers that count up, and parents that are open.

use crate::error::Fault;
use crate::segment::Segment;
use crate::value;

/// The open levels by their HL01; 0 where none is.
#[derive(Debug, Default)]
pub(super) struct Levels {
    last: u64,
    source: u64,
    batch: u64,
    provider: u64,
}

impl Levels {
    /// Takes an HL of the kind told by HL03.
    ///
    /// A claim under another batch or provider than the open one would be taken for theirs, so its parent must be open;
    /// some leave out the provider's level, and then it is the batch.
    pub(super) fn descend(&mut self, hl: &Segment<'_>, kind: &str) -> Result<(), Fault> {
        let number = value::trimmed(hl.element(1)).parse::<u64>().ok();
        if number != Some(self.last.saturating_add(1)) {
            return Err(Fault::of(hl, 1, "the number after that of the level before, from 1"));
        }
        self.last = self.last.saturating_add(1);
        let parent = value::trimmed(hl.element(2));
        let under = |level: u64| level > 0 && parent.parse() == Ok(level);
        let (is_right, expected) = match kind {
            "20" => (parent.is_empty(), "nothing, as the source of the answer has no level above"),
            "21" => (under(self.source), "the number of the source's level, HL with 20"),
            "19" => (under(self.batch), "the number of the open batch's level, HL with 21"),
            _ => (
                under(self.provider) || under(self.batch),
                "the number of the open provider's or batch's level, HL with 19 or 21",
            ),
        };
        if !is_right {
            return Err(Fault::of(hl, 2, expected));
        }
        match kind {
            "20" => self.source = self.last,
            "21" => (self.batch, self.provider) = (self.last, 0),
            "19" => self.provider = self.last,
            _ => {}
        }
        Ok(())
    }
}
