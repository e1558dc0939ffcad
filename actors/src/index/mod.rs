//! The index: tasks by names that people can remember.
//!
//! Owns: entries and namespaces, in the database; nothing in memory.
//! Woken by: requests, and completed tasks whose routes begin with `index.`.
//! Tells: nobody.

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

/// The door to the index.
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

type Answer<T> = Result<T, IndexError>;

impl Index {
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    /// What stands at a path.
    pub async fn find(&self, path: &IndexPath) -> Answer<IndexEntry> {
        let found = self.db.index_find(&[path.key()], None, 1, self.clock.now()).await?;
        found.into_iter().next().ok_or_else(|| IndexError::NoSuchEntry(path.clone()))
    }

    /// What stands at these paths, in order of the paths. Those where nothing stands are passed over.
    pub async fn find_all(&self, paths: &[IndexPath], page: PageAfter<IndexKey>) -> Answer<Page<IndexEntry, IndexKey>> {
        let keys: Vec<IndexKey> = paths.iter().map(IndexPath::key).collect();
        let rows = self.db.index_find(&keys, page.after.as_ref(), page.rows(), self.clock.now()).await?;
        Ok(Page::cut(rows, page.limit, |entry| (entry.namespace.clone(), entry.name.clone())))
    }

    /// The tasks directly in a namespace, by name.
    pub async fn tasks(&self, namespace: &str, page: PageAfter<String>) -> Answer<Page<IndexEntry, String>> {
        let rows = self.db.index_tasks(namespace, page.after.as_deref(), page.rows(), self.clock.now()).await?;
        Ok(Page::cut(rows, page.limit, |entry| entry.name.clone()))
    }

    /// The namespaces directly in a namespace, by name.
    pub async fn namespaces(&self, parent: &str, page: PageAfter<String>) -> Answer<Page<IndexNamespace, String>> {
        let rows = self.db.index_namespaces(parent, page.after.as_deref(), page.rows(), self.clock.now()).await?;
        Ok(Page::cut(rows, page.limit, |namespace| namespace.name.clone()))
    }

    /// Puts a task at a path, unless one of a higher rank stands there; answers what stands there then.
    pub async fn insert(&self, entry: NewEntry) -> Answer<IndexEntry> {
        let path = entry.path.clone();
        let standing = self.insert_all(vec![entry]).await?.into_iter().next();
        standing.ok_or(IndexError::NoSuchEntry(path))
    }

    /// Takes the task from a path, whether there is one or not.
    pub async fn delete(&self, path: &IndexPath) -> Answer<()> {
        let (namespace, name) = path.key();
        Ok(self.db.index_delete(&namespace, &name).await?)
    }

    /// Puts completed tasks where their routes say, as far as nothing stands there, or something of a lower rank. Answers
    /// how many entries were missing. An entry that somebody deleted in the last minutes counts as missing.
    pub(crate) async fn mend(&self, tasks: &[TaskId]) -> Answer<usize> {
        let now = self.clock.now();
        let rows = self.db.tasks(tasks, true).await?;
        let wished =
            rows.iter().flat_map(|row| task::entries_of(row.status.task_id, row.status.expires, &row.definition));
        let wished: Vec<NewEntry> = wished.filter(|entry| entry.expires > now).collect();
        let keys: Vec<IndexKey> = wished.iter().map(|entry| entry.path.key()).collect();
        let limit = i32::try_from(keys.len()).unwrap_or(i32::MAX);
        let standing: HashMap<IndexKey, f64> = self
            .db
            .index_find(&keys, None, limit, now)
            .await?
            .into_iter()
            .map(|entry| ((entry.namespace, entry.name), entry.rank))
            .collect();
        let stands = |entry: &NewEntry| standing.get(&entry.path.key()).is_some_and(|rank| *rank >= entry.rank);
        let missing: Vec<NewEntry> = wished.into_iter().filter(|entry| !stands(entry)).collect();
        let count = missing.len();
        if count > 0 {
            self.insert_all(missing).await?;
        }
        Ok(count)
    }

    /// All or none.
    async fn insert_all(&self, entries: Vec<NewEntry>) -> Answer<Vec<IndexEntry>> {
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
