//! The texts and byte strings of a column, cut out of its pages.
//!
//! For speed only: the library's reader counts a reference for each value, which costs more than verifying it. This knows
//! the encodings that [`super::writer`] asks for; whatever else a page holds is foreign.

use bytes::{Buf, Bytes};
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::errors::Result;

use super::form::Column;
use super::reader::foreign;

/// Values of a page at most. We write far fewer.
const VALUES_MAX: usize = 1 << 22;
/// Bits of the number of a dictionary's value.
const CODE_BITS_MAX: u8 = 24;
/// Bytes of an id.
const ID: usize = 16;

/// Where a value lies: in which of the buffers, from where to where.
#[derive(Debug, Clone, Copy)]
struct Span {
    buffer: u32,
    start: u32,
    end: u32,
}

/// Values of some rows.
#[derive(Debug, Default)]
pub(super) struct Spans {
    spans: Vec<Span>,
    buffers: Vec<Bytes>,
    /// For each row and each further value of a list: whether there is a value.
    pub(super) def: Vec<u8>,
    /// Whether it belongs to the row before.
    pub(super) rep: Vec<u8>,
}

impl Spans {
    pub(super) fn get(&self, n: usize) -> Option<&[u8]> {
        let Span { buffer, start, end } = *self.spans.get(n)?;
        self.buffers.get(usize::try_from(buffer).ok()?)?.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }

    /// Adds a buffer, and tells its number.
    fn add(&mut self, buffer: &Bytes) -> u32 {
        self.buffers.push(buffer.clone());
        u32::try_from(self.buffers.len() - 1).unwrap_or(u32::MAX)
    }
}

/// A column that is read page by page.
pub(super) struct Pages {
    reader: Box<dyn PageReader>,
    column: Column,
    /// What values of the dictionary lie where.
    dictionary: (Bytes, Vec<(u32, u32)>),
    page: Data,
}

/// What is left of a page.
#[derive(Default)]
struct Data {
    values: Bytes,
    /// Numbers of the dictionary's values, when the page holds these.
    codes: Option<Vec<u32>>,
    def: Vec<u8>,
    rep: Vec<u8>,
    /// Levels and values that were taken.
    level: usize,
    value: usize,
    at: usize,
    count: usize,
}

impl Pages {
    pub(super) fn new(reader: Box<dyn PageReader>, column: Column) -> Self {
        Self { reader, column, dictionary: (Bytes::new(), Vec::new()), page: Data::default() }
    }

    /// The values of the next so many rows.
    pub(super) fn read(&mut self, rows: usize) -> Result<Spans> {
        let mut spans = Spans::default();
        let mut left = rows;
        while left > 0 {
            if self.page.level == self.page.count {
                self.next_page()?;
            }
            left -= self.take(&mut spans, left)?;
        }
        Ok(spans)
    }

    fn next_page(&mut self) -> Result<()> {
        loop {
            match self.reader.get_next_page()?.ok_or_else(foreign)? {
                Page::DictionaryPage { buf, num_values, encoding: Encoding::PLAIN, .. } => {
                    let mut at = 0;
                    let cut = (0..num_values).map(|_| self.column.plain(&buf, &mut at));
                    self.dictionary.1 = cut.collect::<Option<_>>().ok_or_else(foreign)?;
                    self.dictionary.0 = buf;
                }
                Page::DataPage { buf, num_values, encoding, .. } => {
                    self.page = Data::new(buf, num_values, encoding, self.column).ok_or_else(foreign)?;
                    return Ok(());
                }
                Page::DictionaryPage { .. } | Page::DataPageV2 { .. } => return Err(foreign()),
            }
        }
    }

    /// Takes rows from the page, at most so many; a row never goes on in the next page.
    fn take(&mut self, spans: &mut Spans, rows: usize) -> Result<usize> {
        let page = &mut self.page;
        let buffer = spans.add(if page.codes.is_some() { &self.dictionary.0 } else { &page.values });
        let mut taken = 0;
        while page.level < page.count {
            let starts_row = page.rep.get(page.level).is_none_or(|rep| *rep == 0);
            if !starts_row && taken == 0 {
                return Err(foreign());
            }
            if starts_row && taken == rows {
                break;
            }
            taken += usize::from(starts_row);
            let def = page.def.get(page.level).copied();
            spans.def.extend(def);
            spans.rep.extend(page.rep.get(page.level));
            page.level += 1;
            if def == Some(0) {
                continue;
            }
            let (start, end) = match &page.codes {
                Some(codes) => {
                    let code = codes.get(page.value).and_then(|code| usize::try_from(*code).ok());
                    code.and_then(|code| self.dictionary.1.get(code)).copied()
                }
                None => self.column.plain(&page.values, &mut page.at),
            }
            .ok_or_else(foreign)?;
            page.value += 1;
            spans.spans.push(Span { buffer, start, end });
        }
        Ok(taken)
    }
}

impl Data {
    /// `None` when the page is in no form that we write.
    fn new(mut buf: Bytes, count: u32, encoding: Encoding, column: Column) -> Option<Self> {
        let count = usize::try_from(count).ok().filter(|count| *count <= VALUES_MAX)?;
        let mut levels = |wanted: bool| {
            if !wanted {
                return Some(Vec::new());
            }
            let len = usize::try_from(buf.try_get_u32_le().ok()?).ok()?;
            let bytes = (len <= buf.len()).then(|| buf.split_to(len))?;
            hybrid(&bytes, 1, count)?.into_iter().map(|level| u8::try_from(level).ok()).collect()
        };
        let (rep, def) = (levels(column.has_rep)?, levels(column.has_def)?);
        let values = if column.has_def { def.iter().filter(|def| **def > 0).count() } else { count };
        let is_coded = matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
        if !is_coded && encoding != Encoding::PLAIN {
            return None;
        }
        let codes = match is_coded {
            false => None,
            true if values == 0 => Some(Vec::new()),
            true => {
                let width = buf.try_get_u8().ok().filter(|width| *width <= CODE_BITS_MAX)?;
                Some(hybrid(&buf, width.into(), values)?)
            }
        };
        Some(Self { values: buf, codes, def, rep, level: 0, value: 0, at: 0, count })
    }
}

/// Numbers of so many bits: runs of the same one, or packed one after the other, eight at a time.
fn hybrid(mut bytes: &[u8], bits: usize, count: usize) -> Option<Vec<u32>> {
    let width = bits.div_ceil(8);
    let mask = (1_u64 << bits) - 1;
    let mut numbers = Vec::with_capacity(count);
    while numbers.len() < count {
        let header = prost::decode_length_delimiter(&mut bytes).ok()?;
        let left = count - numbers.len();
        if header & 1 == 0 {
            let (value, rest) = bytes.split_at_checked(width)?;
            bytes = rest;
            let value = value.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
            numbers.resize(numbers.len() + left.min(header >> 1), value);
            if header == 0 {
                return None;
            }
        } else {
            let mut packed = bytes.iter();
            let (mut window, mut have) = (0_u64, 0);
            for _ in 0..left.min((header >> 1).checked_mul(8)?) {
                while have < bits {
                    window |= u64::from(*packed.next()?) << have;
                    have += 8;
                }
                numbers.push(u32::try_from(window & mask).ok()?);
                window >>= bits;
                have -= bits;
            }
            bytes = bytes.get((header >> 1).checked_mul(bits)?..).unwrap_or_default();
        }
    }
    Some(numbers)
}

impl Column {
    /// Where the next value lies, whose length may be before it.
    fn plain(self, bytes: &[u8], at: &mut usize) -> Option<(u32, u32)> {
        let len = if self.kind == super::form::Kind::Fixed {
            ID
        } else {
            let len = bytes.get(*at..)?.first_chunk::<4>()?;
            *at += 4;
            usize::try_from(u32::from_le_bytes(*len)).ok()?
        };
        let start = *at;
        *at = start.checked_add(len).filter(|end| *end <= bytes.len())?;
        Some((u32::try_from(start).ok()?, u32::try_from(*at).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_specification_of_parquet_packs_them() {
        // its example: 0 to 7, in three bits each
        let packed = [0x03, 0x88, 0xc6, 0xfa];
        assert_eq!(hybrid(&packed, 3, 8), Some((0..8).collect()));
        assert_eq!(hybrid(&packed, 3, 5), Some((0..5).collect()), "what fills up the last eight is no value");
        // nine times 300, then the eight
        assert_eq!(hybrid(&[0x12, 0x2c, 0x01], 9, 9), Some(vec![300; 9]));
        let both = [&[0x12, 0x05][..], &packed].concat();
        assert_eq!(hybrid(&both, 3, 17), Some([5; 9].into_iter().chain(0..8).collect()));
    }

    #[test]
    fn numbers_that_are_not_all_there_are_refused() {
        for bytes in [&[][..], &[0x03], &[0x03, 0x88, 0xc6], &[0x12], &[0x00], &[0x01], &[0x02, 0x05]] {
            assert_eq!(hybrid(bytes, 3, 8), None, "{bytes:?}");
        }
    }
}
