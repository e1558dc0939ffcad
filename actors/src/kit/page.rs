//! Pages of listings.

use db::Rows;

/// Which page of a listing: what follows `after`, at most `limit` rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageAfter<K> {
    pub after: Option<K>,
    pub limit: i64,
}

impl<K> PageAfter<K> {
    /// One row more than the page tells whether there is a next one.
    pub fn rows(&self) -> i32 {
        i32::try_from(self.limit.saturating_add(1)).unwrap_or(i32::MAX)
    }
}

/// One page; `next` is there when more rows follow.
#[derive(Debug, Clone)]
pub struct Page<T, K> {
    pub rows: Vec<T>,
    pub next: Option<K>,
}

impl<T, K> Page<T, K> {
    /// Of the rows that [`PageAfter::rows`] asks for: cuts the last one off again, and keeps the key of the one before.
    /// Rows that could not be read count, so that what comes after them is not lost with them.
    pub fn cut(rows: impl Into<Rows<T>>, limit: i64, key: impl Fn(&T) -> K) -> Self {
        let Rows { readable: mut rows, given } = rows.into();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = given > limit;
        rows.truncate(limit);
        Self { next: rows.last().filter(|_| more).map(key), rows }
    }

    /// The same page with its rows in another form.
    pub fn map<U>(self, form: impl FnMut(T) -> U) -> Page<U, K> {
        Page { rows: self.rows.into_iter().map(form).collect(), next: self.next }
    }
}
