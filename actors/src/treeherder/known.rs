//! What tasks say of themselves, kept for their next event.

use std::{collections::HashMap, sync::Arc};

use db::{Db, DbError, treeherder::PushTaskRow};
use protocol::{
    id::TaskId,
    treeherder::{Problem, ReportedTask},
};

/// Tasks of one of the two generations: about a kilobyte each.
const GENERATION: usize = 5_000;

/// A task, or why it cannot be read.
pub(super) type KnownTask = Arc<Result<ReportedTask, Problem>>;

/// A bounded memory of two generations. What is not asked for while the younger one fills up is forgotten.
#[derive(Default)]
pub(super) struct KnownTasks {
    young: HashMap<TaskId, KnownTask>,
    old: HashMap<TaskId, KnownTask>,
}

impl KnownTasks {
    /// The task, if it has been learnt and not forgotten.
    pub(super) fn get(&mut self, id: TaskId) -> Option<KnownTask> {
        if let Some(known) = self.young.get(&id) {
            return Some(known.clone());
        }
        let known = self.old.remove(&id)?;
        self.keep(id, known.clone());
        Some(known)
    }

    /// Learns the tasks among these that are not known, in one question, and notes to which pushes they belong. Those
    /// that have expired stay unknown.
    pub(super) async fn learn(&mut self, db: &Db, ids: &[TaskId], prefixes: &[String]) -> Result<(), DbError> {
        let mut missing: Vec<TaskId> = ids.iter().copied().filter(|id| self.get(*id).is_none()).collect();
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() {
            return Ok(());
        }
        let rows = db.tasks(&missing, true).await?;
        let mut learnt = Vec::with_capacity(rows.len());
        let mut pushes = Vec::new();
        for row in &rows {
            let id = row.status.task_id;
            let task = ReportedTask::read(id, &row.definition, prefixes);
            pushes.extend(task.iter().flat_map(|task| push_rows(task, row.status.expires)));
            learnt.push((id, Arc::new(task)));
        }
        if !pushes.is_empty() {
            db.add_push_tasks(&pushes).await?;
        }
        for (id, task) in learnt {
            self.keep(id, task);
        }
        Ok(())
    }

    fn keep(&mut self, id: TaskId, task: KnownTask) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id, task);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_kept_and_the_rest_forgotten() {
        let id = |number: usize| {
            let mut bytes = [0; 16];
            bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
            TaskId::from_random(bytes)
        };
        let mut known = KnownTasks::default();
        for number in 0..GENERATION * 4 {
            known.keep(id(number), Arc::new(Err(Problem::NoConfig)));
            assert!(known.get(id(0)).is_some(), "asked for all the time, after {number}");
        }
        assert!(known.get(id(1)).is_none());
        assert!(known.young.len() + known.old.len() <= GENERATION * 2);
    }
}
