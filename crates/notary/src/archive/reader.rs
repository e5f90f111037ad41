//! Reads a file: rows in the order they lie there, some thousands in memory at a time.

use std::fs::File;

use parquet::column::reader::ColumnReader;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use uuid::Uuid;

use super::contents::Contents;
use super::form::{COLUMNS, Column, Kind, SCHEMA};
use super::pages::{Pages, Spans};
use crate::verify::Row;

/// Rows in memory at a time: few enough to stay in a core's cache until they are verified.
const BATCH: usize = 256;

/// A file whose rows are read.
pub(crate) struct Reader {
    file: SerializedFileReader<File>,
    pub(crate) contents: Contents,
}

/// Some rows, by column.
#[derive(Debug)]
pub(crate) struct Batch {
    columns: Vec<Values>,
    pub(crate) len: usize,
}

/// The values of a column.
#[derive(Debug, Default)]
struct Values {
    longs: Vec<i64>,
    ints: Vec<i32>,
    bools: Vec<bool>,
    /// Texts, ids and byte strings.
    spans: Spans,
}

/// What a column is read by.
enum Source {
    Numbers(Box<ColumnReader>),
    Bytes(Box<Pages>),
}

/// In no form that we write.
pub(super) fn foreign() -> ParquetError {
    ParquetError::General("not a file of the archive".to_owned())
}

impl Reader {
    pub(crate) fn new(file: File) -> Result<Self> {
        let file = SerializedFileReader::new(file)?;
        let metadata = file.metadata().file_metadata();
        let is_ours = metadata.schema() == &**SCHEMA;
        let pairs = metadata.key_value_metadata().map_or(&[][..], Vec::as_slice);
        let contents = Contents::of_pairs(pairs).filter(|_| is_ours).ok_or_else(foreign)?;
        Ok(Self { file, contents })
    }

    /// Hands out all rows, until `take` wants no more.
    pub(crate) fn read(&self, mut take: impl FnMut(Batch) -> bool) -> Result<()> {
        for n in 0..self.file.num_row_groups() {
            let group = self.file.get_row_group(n)?;
            let rows = usize::try_from(group.metadata().num_rows()).map_err(|_negative| foreign())?;
            let mut columns = sources(&*group)?;
            let mut left = rows;
            while left > 0 {
                let len = left.min(BATCH);
                let read = columns.iter_mut().map(|source| source.read(len));
                let batch = Batch { columns: read.collect::<Result<_>>()?, len };
                if !take(batch) {
                    return Ok(());
                }
                left -= len;
            }
        }
        Ok(())
    }
}

fn sources(group: &dyn RowGroupReader) -> Result<Vec<Source>> {
    let source = |(n, column): (usize, &Column)| match column.kind {
        Kind::Bytes | Kind::Fixed => Ok(Source::Bytes(Box::new(Pages::new(group.get_column_page_reader(n)?, *column)))),
        Kind::Long | Kind::Int | Kind::Bool => {
            group.get_column_reader(n).map(|reader| Source::Numbers(Box::new(reader)))
        }
    };
    COLUMNS.iter().enumerate().map(source).collect()
}

impl Source {
    /// The values of the next so many rows.
    fn read(&mut self, len: usize) -> Result<Values> {
        let mut values = Values::default();
        let Values { longs, ints, bools, spans } = &mut values;
        let reader = match self {
            Self::Numbers(reader) => &mut **reader,
            Self::Bytes(pages) => {
                *spans = pages.read(len)?;
                return Ok(values);
            }
        };
        let (records, ..) = match reader {
            ColumnReader::Int64ColumnReader(reader) => reader.read_records(len, None, None, longs)?,
            ColumnReader::Int32ColumnReader(reader) => reader.read_records(len, None, None, ints)?,
            ColumnReader::BoolColumnReader(reader) => reader.read_records(len, None, None, bools)?,
            ColumnReader::Int96ColumnReader(_)
            | ColumnReader::FloatColumnReader(_)
            | ColumnReader::DoubleColumnReader(_)
            | ColumnReader::ByteArrayColumnReader(_)
            | ColumnReader::FixedLenByteArrayColumnReader(_) => return Err(foreign()),
        };
        if records == len { Ok(values) } else { Err(foreign()) }
    }
}

/// How far a column was taken: values, and levels.
#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    values: usize,
    levels: usize,
}

/// Goes through a batch, row by row.
pub(crate) struct Rows<'a> {
    batch: &'a Batch,
    taken: Vec<Taken>,
    at: usize,
    left: usize,
}

impl Batch {
    pub(crate) fn rows(&self) -> Rows<'_> {
        Rows { batch: self, taken: vec![Taken::default(); self.columns.len()], at: 0, left: self.len }
    }
}

impl<'a> Iterator for Rows<'a> {
    /// The practice and the row; `None` for a row that is in no form that we know.
    type Item = Option<(Uuid, Row<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        self.at = 0;
        Some(self.row())
    }
}

impl<'a> Rows<'a> {
    fn row(&mut self) -> Option<(Uuid, Row<'a>)> {
        let practice = Uuid::from_slice(self.bytes()?).ok()?;
        let row = Row {
            position: self.scalar(|values| &values.longs)?,
            recorded_at: self.scalar(|values| &values.longs)?,
            actor_kind: self.text()?,
            user_id: self.nullable_id()?,
            account_id: self.nullable_id()?,
            actor_role: self.text()?,
            token_key_id: self.text()?,
            action: self.text()?,
            outcome: self.text()?,
            reason: self.nullable_text()?,
            method: self.text()?,
            resource_type: self.text()?,
            resource_ids: self.texts()?,
            resource_count: self.scalar(|values| &values.ints)?,
            resource_hash: self.nullable()?,
            patient_ids: self.ids()?,
            accessed_phi: self.scalar(|values| &values.bools)?,
            field_classes: self.texts()?,
            purpose: self.text()?,
            request_id: self.text()?,
            ip_address: self.nullable_text()?,
            break_glass_id: self.nullable_id()?,
            attempts: self.scalar(|values| &values.ints)?,
            body: self.bytes()?,
            mac: self.bytes()?,
            hash: self.bytes()?,
        };
        Some((practice, row))
    }

    /// The next column, and how far it was taken.
    fn column(&mut self) -> Option<(&'a Values, &mut Taken)> {
        let column = (self.batch.columns.get(self.at)?, self.taken.get_mut(self.at)?);
        self.at += 1;
        Some(column)
    }

    fn scalar<T: Copy + 'a>(&mut self, of: impl FnOnce(&'a Values) -> &'a Vec<T>) -> Option<T> {
        let (column, taken) = self.column()?;
        taken.values += 1;
        of(column).get(taken.values - 1).copied()
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let (column, taken) = self.column()?;
        taken.values += 1;
        column.spans.get(taken.values - 1)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// The outer `None` is a fault, the inner one is NULL.
    fn nullable(&mut self) -> Option<Option<&'a [u8]>> {
        let (column, taken) = self.column()?;
        taken.levels += 1;
        if *column.spans.def.get(taken.levels - 1)? == 0 {
            return Some(None);
        }
        taken.values += 1;
        column.spans.get(taken.values - 1).map(Some)
    }

    fn nullable_text(&mut self) -> Option<Option<&'a str>> {
        self.nullable()?.map(std::str::from_utf8).transpose().ok()
    }

    fn nullable_id(&mut self) -> Option<Option<Uuid>> {
        self.nullable()?.map(Uuid::from_slice).transpose().ok()
    }

    /// The column and where in it the values of the next list are.
    fn list(&mut self) -> Option<impl Iterator<Item = Option<&'a [u8]>>> {
        let (column, taken) = self.column()?;
        let start = taken.values;
        let is_empty = *column.spans.def.get(taken.levels)? == 0;
        taken.levels += 1;
        if !is_empty {
            let more = column.spans.rep.get(taken.levels..)?.iter().take_while(|rep| **rep > 0).count();
            taken.levels += more;
            taken.values += 1 + more;
        }
        Some((start..taken.values).map(|n| column.spans.get(n)))
    }

    fn texts(&mut self) -> Option<Vec<&'a str>> {
        self.list()?.map(|value| std::str::from_utf8(value?).ok()).collect()
    }

    fn ids(&mut self) -> Option<Vec<Uuid>> {
        self.list()?.map(|value| Uuid::from_slice(value?).ok()).collect()
    }
}
