//! Writes a file: rows in the order they come, some thousands in memory at a time.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use kernel::PracticeId;
use parquet::basic::{Compression, Encoding};
use parquet::column::writer::ColumnWriterImpl;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::errors::Result;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::contents::Contents;
use super::form::{COLUMNS, Column, Kind, SCHEMA, Sink, give};
use crate::verify::Row;

/// Rows that are in memory before they are written.
const GROUP: usize = 16_384;
/// Bytes of values that are, whatever the number of rows.
const GROUP_BYTES: usize = 32 << 20;

/// Values of a column that wait to be written.
#[derive(Debug, Default)]
struct Waiting {
    longs: Vec<i64>,
    ints: Vec<i32>,
    bools: Vec<bool>,
    /// All byte strings, one after the other, and where each of them ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    def: Vec<i16>,
    rep: Vec<i16>,
}

/// A file that is being written. What the rows say is not looked at.
pub struct Writer<W: Write + Send> {
    file: SerializedFileWriter<W>,
    group: Group,
}

/// The rows that are in memory.
#[derive(Debug)]
struct Group {
    practice: PracticeId,
    columns: Vec<Waiting>,
    /// Which column is next.
    at: usize,
    rows: usize,
    size: usize,
}

impl<W: Write + Send> fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("waiting", &self.group.rows).finish_non_exhaustive()
    }
}

impl<W: Write + Send> Writer<W> {
    /// # Errors
    /// When it can't be written.
    pub fn new(file: W, practice: PracticeId) -> Result<Self> {
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by("therapy-claims".to_owned())
            // the log is read from its beginning; statistics would be more to keep true
            .set_statistics_enabled(EnabledStatistics::None)
            .set_offset_index_disabled(true)
            // by the memory of who reads
            .set_data_page_size_limit(256 << 10)
            .set_column_encoding(ColumnPath::from("position"), Encoding::DELTA_BINARY_PACKED)
            .set_column_encoding(ColumnPath::from("recorded_at"), Encoding::DELTA_BINARY_PACKED);
        // different in every row
        for column in ["position", "recorded_at", "request_id", "body", "mac", "hash"] {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(column), false);
        }
        let file = SerializedFileWriter::new(file, Arc::clone(&SCHEMA), Arc::new(properties.build()))?;
        let columns = COLUMNS.iter().map(|_| Waiting::default()).collect();
        Ok(Self { file, group: Group { practice, columns, at: 0, rows: 0, size: 0 } })
    }

    /// # Errors
    /// When it can't be written.
    pub fn push(&mut self, row: &Row<'_>) -> Result<()> {
        let group = &mut self.group;
        group.at = 0;
        let practice = group.practice.uuid();
        give(practice, row, group);
        group.rows += 1;
        if group.rows >= GROUP || group.size >= GROUP_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        let mut group = self.file.next_row_group()?;
        for (waiting, column) in self.group.columns.iter_mut().zip(COLUMNS.iter()) {
            if let Some(mut writer) = group.next_column()? {
                match column.kind {
                    Kind::Long => waiting.write(&waiting.longs, writer.typed::<Int64Type>(), *column)?,
                    Kind::Int => waiting.write(&waiting.ints, writer.typed::<Int32Type>(), *column)?,
                    Kind::Bool => waiting.write(&waiting.bools, writer.typed::<BoolType>(), *column)?,
                    Kind::Bytes => waiting.write(&waiting.values(), writer.typed::<ByteArrayType>(), *column)?,
                    Kind::Fixed => {
                        let values: Vec<_> = waiting.values().into_iter().map(FixedLenByteArray::from).collect();
                        waiting.write(&values, writer.typed::<FixedLenByteArrayType>(), *column)?;
                    }
                }
                writer.close()?;
            }
            waiting.clear();
        }
        group.close()?;
        (self.group.rows, self.group.size) = (0, 0);
        Ok(())
    }

    /// Writes what is left and what the file says about itself, and gives the file back. It isn't on the disk yet.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn finish(mut self, contents: &Contents) -> Result<W> {
        if self.group.rows > 0 {
            self.flush()?;
        }
        for pair in contents.to_pairs() {
            self.file.append_key_value_metadata(pair);
        }
        self.file.into_inner()
    }
}

impl Waiting {
    fn write<T: DataType>(&self, values: &[T::T], to: &mut ColumnWriterImpl<'_, T>, column: Column) -> Result<()> {
        let def = column.has_def.then_some(self.def.as_slice());
        let rep = column.has_rep.then_some(self.rep.as_slice());
        to.write_batch(values, def, rep)?;
        Ok(())
    }

    fn add(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.ends.push(self.bytes.len());
    }

    fn values(&self) -> Vec<ByteArray> {
        let (bytes, mut start) = (Bytes::copy_from_slice(&self.bytes), 0);
        let cut = |end: &usize| bytes.slice(std::mem::replace(&mut start, *end)..*end).into();
        self.ends.iter().map(cut).collect()
    }

    fn clear(&mut self) {
        let Self { longs, ints, bools, bytes, ends, def, rep } = self;
        longs.clear();
        ints.clear();
        bools.clear();
        bytes.clear();
        ends.clear();
        def.clear();
        rep.clear();
    }
}

impl Group {
    /// The next column, if there is one: [`give`] has a value for each.
    fn next(&mut self, size: usize, with: impl FnOnce(&mut Waiting)) {
        if let Some(column) = self.columns.get_mut(self.at) {
            with(column);
        }
        self.at += 1;
        self.size += size;
    }
}

impl Sink for Group {
    fn long(&mut self, value: i64) {
        self.next(8, |column| column.longs.push(value));
    }

    fn int(&mut self, value: i32) {
        self.next(4, |column| column.ints.push(value));
    }

    fn bool(&mut self, value: bool) {
        self.next(1, |column| column.bools.push(value));
    }

    fn bytes(&mut self, value: &[u8]) {
        self.next(value.len(), |column| column.add(value));
    }

    fn nullable(&mut self, value: Option<&[u8]>) {
        self.next(value.map_or(0, <[u8]>::len), |column| {
            column.def.push(i16::from(value.is_some()));
            if let Some(value) = value {
                column.add(value);
            }
        });
    }

    fn list(&mut self, values: impl Iterator<Item = impl AsRef<[u8]>>) {
        let mut size = 0;
        self.next(0, |column| {
            let start = column.def.len();
            for value in values {
                let value = value.as_ref();
                size += value.len();
                column.rep.push(i16::from(column.def.len() > start));
                column.def.push(1);
                column.add(value);
            }
            if column.def.len() == start {
                column.rep.push(0);
                column.def.push(0);
            }
        });
        self.size += size;
    }
}
