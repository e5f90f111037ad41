//! Dates as year, month and day, so that callers need no particular calendar crate.

use crate::google::r#type::Date;

impl From<(i32, i32, i32)> for Date {
    fn from((year, month, day): (i32, i32, i32)) -> Self {
        Self { year, month, day }
    }
}

impl From<Date> for (i32, i32, i32) {
    fn from(Date { year, month, day }: Date) -> Self {
        (year, month, day)
    }
}
