//! A table in several releases, each for services from its day on.

use chrono::NaiveDate;

/// Sorted by day; the one without a day is for all days before the others.
#[derive(Debug)]
pub(super) struct Dated<T>(Vec<(Option<NaiveDate>, T)>);

impl<T> Default for Dated<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Dated<T> {
    /// Adds a release; it replaces the one of the same day.
    pub(super) fn put(&mut self, from: Option<NaiveDate>, table: T) {
        let at = self.0.partition_point(|(day, _)| *day < from);
        match self.0.get_mut(at) {
            Some((day, old)) if *day == from => *old = table,
            _ => self.0.insert(at, (from, table)),
        }
    }

    /// The release for services of that day.
    pub(super) fn on(&self, day: NaiveDate) -> Option<&T> {
        self.0.iter().rev().find(|(from, _)| from.is_none_or(|from| from <= day)).map(|(_, table)| table)
    }

    /// The release of the latest day.
    pub(super) fn latest(&self) -> Option<&T> {
        self.0.last().map(|(_, table)| table)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::bench::day;

    #[test]
    fn a_release_holds_from_its_day_until_the_next_ones() {
        let mut table = Dated::default();
        assert!(table.is_empty());
        table.put(Some(day("2027-10-01")), "2028");
        table.put(Some(day("2026-10-01")), "old 2027");
        table.put(Some(day("2026-10-01")), "2027");
        assert_eq!(table.on(day("2026-09-30")), None);
        assert_eq!(table.on(day("2026-10-01")), Some(&"2027"));
        assert_eq!(table.on(day("2027-09-30")), Some(&"2027"));
        assert_eq!(table.on(day("2027-10-01")), Some(&"2028"));
        assert_eq!(table.latest(), Some(&"2028"));
        table.put(None, "always");
        assert_eq!(table.on(day("1999-01-01")), Some(&"always"));
    }
}
