//! Definitions of tasks as far as Treeherder needs them, kept for the next event.

use std::sync::Arc;

use db::{Db, DbError, treeherder::PushTaskRow};
use protocol::{
    id::TaskId,
    treeherder::{Problem, ReportedTask},
};

use crate::kit::Recent;

/// About a kilobyte each.
const CACHED_TASKS: usize = 5_000;

/// A task, or why it cannot be read.
pub(super) type CachedTask = Arc<Result<ReportedTask, Problem>>;

/// A bounded cache.
pub(super) struct TaskCache(Recent<TaskId, CachedTask>);

impl Default for TaskCache {
    fn default() -> Self {
        Self(Recent::new(CACHED_TASKS))
    }
}

impl TaskCache {
    /// The task, if it was loaded and still is here.
    pub(super) fn get(&self, id: TaskId) -> Option<CachedTask> {
        self.0.get(&id).cloned()
    }

    /// Loads the tasks among these that are missing, in one query, and records to which pushes they belong. Those that
    /// have expired stay unknown. What is cached already becomes the newest.
    pub(super) async fn load(&mut self, db: &Db, ids: &[TaskId], prefixes: &[String]) -> Result<(), DbError> {
        let mut missing = Vec::new();
        for id in ids {
            match self.0.remove(id) {
                Some(task) => self.0.insert(*id, task),
                None => missing.push(*id),
            }
        }
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() {
            return Ok(());
        }
        let rows = db.tasks(&missing, true).await?;
        let mut loaded = Vec::with_capacity(rows.len());
        let mut pushes = Vec::new();
        for row in &rows {
            let id = row.status.task_id;
            let task = ReportedTask::read(id, &row.definition, prefixes);
            pushes.extend(task.iter().flat_map(|task| push_rows(task, row.status.expires)));
            loaded.push((id, Arc::new(task)));
        }
        if !pushes.is_empty() {
            db.add_push_tasks(&pushes).await?;
        }
        for (id, task) in loaded {
            self.0.insert(id, task);
        }
        Ok(())
    }
}

fn push_rows(task: &ReportedTask, expires: protocol::time::Timestamp) -> impl Iterator<Item = PushTaskRow> + '_ {
    task.destinations.iter().flatten().map(move |destination| PushTaskRow {
        project: destination.project.clone(),
        revision: destination.revision.clone(),
        task_id: task.task_id,
        expires,
    })
}
