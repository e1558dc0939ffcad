//! Rows of a list. One that cannot be read must not hide its neighbours.

use std::{fmt::Display, ops::Deref};

use base::telemetry::{Counter, Label};

/// What could be read of the rows of a list, and how many rows there were.
///
/// A row is left out when this version cannot make sense of it: a newer version, or somebody by hand, has written it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows<T> {
    pub readable: Vec<T>,
    /// With those left out: so a page knows whether another one follows.
    pub given: usize,
}

impl<T> Rows<T> {
    /// Reads each row; `what` names the kind of row for the log and the metric.
    pub(crate) fn read<R, E: Display>(
        what: &'static str,
        rows: impl IntoIterator<Item = R>,
        mut read: impl FnMut(R) -> Result<T, E>,
    ) -> Self {
        let mut given = 0;
        let rows = rows.into_iter().inspect(|_| given += 1);
        let readable = rows.filter_map(|row| read(row).map_err(|error| unreadable(what, &error)).ok()).collect();
        Self { readable, given }
    }
}

/// Logs and counts a row that is left out.
pub(crate) fn unreadable(what: &'static str, error: &impl Display) {
    tracing::error!(row.kind = what, %error, "a row of the database cannot be read and is left out");
    let about = "Rows that could not be read or sent, and were left out of a list, a claim or a batch.";
    Counter::new("db", "drover.rows.unreadable", "{row}", about).add(1, &[Label::new("row.kind", what)]);
}

impl<T> From<Vec<T>> for Rows<T> {
    fn from(readable: Vec<T>) -> Self {
        Self { given: readable.len(), readable }
    }
}

impl<T> Deref for Rows<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.readable
    }
}

impl<T> IntoIterator for Rows<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.readable.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_cannot_be_read_is_counted_and_left_out() {
        let rows = Rows::read("number", ["1", "two", "3"], str::parse::<i32>);
        assert_eq!((&*rows, rows.given), (&[1, 3][..], 3));
    }
}
