//! Reading of the shipped tables: comma-separated, a header line, no quotes.

use chrono::NaiveDate;

/// A table that can't be read, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the code table {table} is malformed")]
pub struct BadTable {
    pub table: &'static str,
    pub line: usize,
}

/// Splits each line after the header in `N` fields and gives them to `parse`.
pub(super) fn lines<'a, const N: usize, T>(
    table: &'static str,
    text: &'a str,
    mut parse: impl FnMut([&'a str; N]) -> Option<T>,
) -> Result<Vec<T>, BadTable> {
    let mut rows = Vec::with_capacity(text.len() / 12);
    for (index, line) in text.lines().enumerate().skip(1) {
        let mut fields = line.split(',');
        let mut row = [""; N];
        for field in &mut row {
            *field = fields.next().ok_or(BadTable { table, line: index + 1 })?;
        }
        match (fields.next(), parse(row)) {
            (None, Some(parsed)) => rows.push(parsed),
            (_, _) => return Err(BadTable { table, line: index + 1 }),
        }
    }
    Ok(rows)
}

/// An empty field is no date; `None` means that it is malformed.
#[expect(clippy::option_option, reason = "absent and malformed differ")]
pub(super) fn date(text: &str) -> Option<Option<NaiveDate>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_line_is_named() {
        let read = |text| lines("t", text, |[a, b]: [&str; 2]| Some((a.to_owned(), b.parse::<u8>().ok()?)));
        assert_eq!(read("h\nx,1\ny,2\n").unwrap().len(), 2);
        for bad in ["h\nx,1\ny", "h\nx,1\ny,2,3", "h\nx,1\ny,z"] {
            assert_eq!(read(bad), Err(BadTable { table: "t", line: 3 }), "{bad}");
        }
    }
}
