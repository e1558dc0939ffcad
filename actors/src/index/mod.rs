//! The index: tasks by names that people can remember.
//!
//! Owns: entries and namespaces, in the database; nothing in memory.
//! Woken by: requests, and completed tasks whose routes begin with `index.`.
//! Emits: nothing.

mod consumer;
mod error;
mod path;
mod task;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc};

use base::Clock;
pub use consumer::QUEUE;
pub use db::index::{IndexEntry, IndexNamespace};
use db::{Db, index::IndexKey};
pub use error::IndexError;
pub use path::{IndexPath, NoPath};
use protocol::{id::TaskId, time::Timestamp};

use crate::kit::{Page, PageAfter};

/// The index service.
#[derive(Clone)]
pub struct Index {
    db: Db,
    clock: Arc<dyn Clock>,
}

/// A task to put into the index.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEntry {
    pub path: IndexPath,
    pub task_id: TaskId,
    pub rank: f64,
    /// JSON text of an object.
    pub data: String,
    pub expires: Timestamp,
}

type Result<T, E = IndexError> = std::result::Result<T, E>;

impl Index {
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    /// The entry at a path.
    pub async fn find(&self, path: &IndexPath) -> Result<IndexEntry> {
        let found = self.db.index_find(&[path.key()], None, 1, self.clock.now()).await?;
        found.into_iter().next().ok_or_else(|| IndexError::NoSuchEntry(path.clone()))
    }

    /// The entries at these paths, in order of the paths. Paths without an entry are left out.
    pub async fn find_all(&self, paths: &[IndexPath], page: PageAfter<IndexKey>) -> Result<Page<IndexEntry, IndexKey>> {
        let keys: Vec<IndexKey> = paths.iter().map(IndexPath::key).collect();
        let rows = self.db.index_find(&keys, page.after.as_ref(), page.rows(), self.clock.now()).await?;
        Ok(Page::cut(rows, page.limit, |entry| (entry.namespace.clone(), entry.name.clone())))
    }

    /// The tasks directly in a namespace, by name.
    pub async fn tasks(&self, namespace: &str, page: PageAfter<String>) -> Result<Page<IndexEntry, String>> {
        let rows = self.db.index_tasks(namespace, page.after.as_deref(), page.rows(), self.clock.now()).await?;
        Ok(Page::cut(rows, page.limit, |entry| entry.name.clone()))
    }

    /// The namespaces directly in a namespace, by name.
    pub async fn namespaces(&self, parent: &str, page: PageAfter<String>) -> Result<Page<IndexNamespace, String>> {
        let rows = self.db.index_namespaces(parent, page.after.as_deref(), page.rows(), self.clock.now()).await?;
        Ok(Page::cut(rows, page.limit, |namespace| namespace.name.clone()))
    }

    /// Inserts a task at a path, unless one of a higher rank is there; returns the entry that is there then.
    pub async fn insert(&self, entry: NewEntry) -> Result<IndexEntry> {
        let path = entry.path.clone();
        let current = self.insert_all(vec![entry]).await?.into_iter().next();
        current.ok_or(IndexError::NoSuchEntry(path))
    }

    /// Deletes the entry at a path, whether there is one or not.
    pub async fn delete(&self, path: &IndexPath) -> Result<()> {
        let (namespace, name) = path.key();
        Ok(self.db.index_delete(&namespace, &name).await?)
    }

    /// Inserts completed tasks at the paths of their routes, as far as there is no entry, or one of a lower rank. Returns
    /// how many entries were missing. An entry that was deleted in the last minutes counts as missing.
    pub(crate) async fn repair(&self, tasks: &[TaskId]) -> Result<usize> {
        let now = self.clock.now();
        let rows = self.db.tasks(tasks, true).await?;
        let expected =
            rows.iter().flat_map(|row| task::entries_of(row.status.task_id, row.status.expires, &row.definition));
        let expected: Vec<NewEntry> = expected.filter(|entry| entry.expires > now).collect();
        let keys: Vec<IndexKey> = expected.iter().map(|entry| entry.path.key()).collect();
        let limit = i32::try_from(keys.len()).unwrap_or(i32::MAX);
        let current: HashMap<IndexKey, f64> = self
            .db
            .index_find(&keys, None, limit, now)
            .await?
            .into_iter()
            .map(|entry| ((entry.namespace, entry.name), entry.rank))
            .collect();
        let is_there = |entry: &NewEntry| current.get(&entry.path.key()).is_some_and(|rank| *rank >= entry.rank);
        let missing: Vec<NewEntry> = expected.into_iter().filter(|entry| !is_there(entry)).collect();
        let count = missing.len();
        if count > 0 {
            self.insert_all(missing).await?;
        }
        Ok(count)
    }

    /// All or none.
    async fn insert_all(&self, entries: Vec<NewEntry>) -> Result<Vec<IndexEntry>> {
        let namespaces: Vec<IndexNamespace> =
            entries.iter().flat_map(|entry| entry.path.namespaces(entry.expires)).collect();
        let entries: Vec<IndexEntry> = entries.into_iter().map(IndexEntry::from).collect();
        Ok(self.db.index_insert(&entries, &namespaces, self.clock.now()).await?)
    }
}

impl From<NewEntry> for IndexEntry {
    fn from(entry: NewEntry) -> Self {
        let (namespace, name) = entry.path.key();
        let NewEntry { task_id, rank, data, expires, .. } = entry;
        Self { namespace, name, rank, task_id, data, expires }
    }
}
