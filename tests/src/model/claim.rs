//! Handing out runs, and keeping them.

use std::cmp::Reverse;

use protocol::state::{Priority, TaskState};

use super::{CONFLICT, Model, NOT_FOUND, Refused};

/// Where a pending task stands: the highest priority first, then the earliest. Tasks released together are equal.
pub type Place = (Reverse<Priority>, u64);

impl Model {
    /// The pending tasks with their places, the first in line first.
    pub fn line(&self) -> Vec<(Place, usize)> {
        let pending = self.tasks.iter().enumerate().filter(|(_, task)| task.state() == TaskState::Pending);
        let mut line: Vec<(Place, usize)> =
            pending.map(|(id, task)| ((Reverse(task.priority), task.runs.last().unwrap().since), id)).collect();
        line.sort_unstable();
        line
    }

    /// Says whether these tasks, in this order, are what a claim for `count` may hand out now.
    pub fn may_hand_out(&self, given: &[usize], count: usize) -> bool {
        let line = self.line();
        let place = |id: &usize| line.iter().find(|(_, other)| other == id).map(|(place, _)| *place);
        let expected: Vec<Place> = line.iter().take(count).map(|(place, _)| *place).collect();
        given.iter().map(place).collect::<Option<Vec<Place>>>() == Some(expected)
    }

    /// The last run of a pending task goes to a worker.
    pub fn hand_out(&mut self, id: usize, worker: &str) {
        let run = self.tasks[id].runs.last_mut().unwrap();
        run.state = TaskState::Running;
        run.worker = Some(worker.to_owned());
    }

    /// One named run for a named worker; the same worker may ask again while it runs.
    pub fn claim_task(&mut self, id: usize, run_id: usize, worker: &str) -> Result<(), Refused> {
        let last = self.tasks[id].runs.len().checked_sub(1);
        let run = self.tasks[id].runs.get(run_id).ok_or(NOT_FOUND)?;
        let mine = run.worker.as_deref() == Some(worker);
        match run.state {
            TaskState::Pending if last == Some(run_id) => self.hand_out(id, worker),
            TaskState::Running if mine => {}
            _ => return Err(CONFLICT),
        }
        Ok(())
    }

    pub fn reclaim(&self, id: usize, run_id: usize) -> Result<(), Refused> {
        let run = self.tasks[id].runs.get(run_id).ok_or(NOT_FOUND)?;
        if run.state == TaskState::Running { Ok(()) } else { Err(CONFLICT) }
    }
}
