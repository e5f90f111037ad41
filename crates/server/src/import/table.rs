//! CSV files as other systems write them: with a byte order mark or without, sometimes not in UTF-8.

use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};

use crate::caller::Error;

/// A file's rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    columns: Vec<String>,
    /// None where a row can't be read.
    rows: Vec<Option<Vec<String>>>,
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    columns: &'a [String],
    cells: &'a [String],
}

impl Row<'_> {
    /// What stands under a column, without blanks around it; empty when nothing does.
    pub(super) fn get(&self, column: &str) -> &str {
        let at = self.columns.iter().position(|name| name == column);
        at.and_then(|at| self.cells.get(at)).map_or("", |cell| cell.trim())
    }
}

impl Table {
    /// Reads a file that must have these columns. A file that isn't there is `None`.
    pub(super) fn open(path: &Path, columns: &[&str]) -> Result<Option<Self>, Error> {
        match std::fs::read(path) {
            Ok(bytes) => Self::read(path, &bytes, columns).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::File { path: path.to_owned(), source }),
        }
    }

    pub(super) fn read(path: &Path, bytes: &[u8], columns: &[&str]) -> Result<Self, Error> {
        let failed = |source| Error::Csv { path: path.to_owned(), source };
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(bytes);
        let header = reader.byte_headers().map_err(failed)?;
        let header: Vec<_> = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        if let Some(missing) = columns.iter().find(|column| !header.iter().any(|name| name == *column)) {
            return Err(Error::Unexpected(format!("{} has no column {missing}", path.display())));
        }
        let mut table = Self { columns: header, rows: Vec::new() };
        for record in reader.byte_records() {
            let record = record.map_err(failed)?;
            // a row that is cut short has lost its end, and one that is too long is not one row
            let is_whole = record.len() == table.columns.len();
            table.rows.push(text(&record).filter(|_| is_whole));
        }
        Ok(table)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows, with `None` for those that can't be read.
    pub(super) fn rows(&self) -> impl Iterator<Item = Option<Row<'_>>> {
        self.rows.iter().map(|cells| Some(Row { columns: &self.columns, cells: cells.as_ref()? }))
    }
}

fn text(record: &ByteRecord) -> Option<Vec<String>> {
    record.iter().map(|cell| std::str::from_utf8(cell).ok().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_files_are_read_and_odd_rows_are_told() {
        let bytes = b"\xef\xbb\xbfId,NAME\r\n1, Ann \r\n2,\"B,\nb\"\r\n3,\xff\r\n4\r\n";
        let table = Table::read(Path::new("x.csv"), bytes, &["Id", "NAME"]).unwrap();
        let names: Vec<_> = table.rows().map(|row| row.map(|row| row.get("NAME").to_owned())).collect();
        assert_eq!(names, [Some("Ann".to_owned()), Some("B,\nb".to_owned()), None, None]);
        assert_eq!(table.len(), 4);
        assert_eq!(table.rows().next().unwrap().unwrap().get("NONE"), "");
    }

    #[test]
    fn a_missing_column_is_named_and_a_missing_file_is_none() {
        let error = Table::read(Path::new("x.csv"), b"Id\n", &["Id", "BIRTHDATE"]).unwrap_err();
        assert_eq!(error.to_string(), "x.csv has no column BIRTHDATE");
        assert!(Table::open(Path::new("/nowhere/at/all.csv"), &[]).unwrap().is_none());
    }
}
