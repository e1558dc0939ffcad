//! The queue as its rules describe it, in memory and one step at a time: what a property test holds the real one against.
//!
//! Tasks and groups are numbers here, in order of creation. Time does not pass: no deadline, no expired claim.

mod claim;
mod end;
mod task;

use std::collections::BTreeSet;

use protocol::state::{Priority, ReasonCreated, ReasonResolved, Requires, TaskState};

pub use claim::Place;
pub use task::{Run, Task};

/// Everything the queue knows.
#[derive(Debug, Clone, Default)]
pub struct Model {
    pub tasks: Vec<Task>,
    pub sealed: BTreeSet<usize>,
    /// Counts steps, so that what became pending in one step shares a place in the order.
    step: u64,
}

/// An error, by its HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused(pub u16);

pub const CONFLICT: Refused = Refused(409);
pub const NOT_FOUND: Refused = Refused(404);

/// What a worker reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    Completed,
    Failed,
    Exception(ReasonResolved),
}

/// What the creator of a task chooses.
#[derive(Debug, Clone)]
pub struct Choice {
    pub group: usize,
    pub priority: Priority,
    pub retries: i16,
    pub requires: Requires,
    pub dependencies: BTreeSet<usize>,
}

impl Model {
    /// The next task. Its dependencies must be there.
    pub fn create(&mut self, choice: Choice) -> Result<usize, Refused> {
        self.step += 1;
        if self.sealed.contains(&choice.group) {
            return Err(CONFLICT);
        }
        let id = self.tasks.len();
        let unsatisfied =
            choice.dependencies.iter().copied().filter(|it| !self.satisfies(*it, choice.requires)).collect();
        self.tasks.push(Task::new(choice, unsatisfied));
        self.schedule_if_free(id);
        Ok(id)
    }

    /// The same task once more, with the same definition.
    pub fn create_again(&mut self, id: usize) -> Result<(), Refused> {
        let task = &self.tasks[id];
        let same = !self.sealed.contains(&task.group) && task.priority == task.first_priority;
        if same { Ok(()) } else { Err(CONFLICT) }
    }

    pub fn schedule(&mut self, id: usize) {
        self.step += 1;
        if self.tasks[id].runs.is_empty() {
            self.add_run(id, ReasonCreated::Scheduled);
        }
    }

    pub fn rerun(&mut self, id: usize) -> Result<(), Refused> {
        self.step += 1;
        let task = &mut self.tasks[id];
        let before = i16::try_from(task.runs.len()).unwrap();
        if matches!(task.state(), TaskState::Pending | TaskState::Running) {
            return Ok(());
        }
        if before >= 50 {
            return Err(CONFLICT);
        }
        task.retries_left = task.retries.min(50 - before - 1);
        self.add_run(id, ReasonCreated::Rerun);
        Ok(())
    }

    pub fn change_priority(&mut self, id: usize, to: Priority) -> Result<(), Refused> {
        let task = &mut self.tasks[id];
        if task.ever_resolved || task.priority == to {
            return Err(CONFLICT);
        }
        task.priority = to;
        Ok(())
    }

    pub fn seal(&mut self, group: usize) -> Result<(), Refused> {
        if !self.tasks.iter().any(|task| task.group == group) {
            return Err(NOT_FOUND);
        }
        self.sealed.insert(group);
        Ok(())
    }

    fn add_run(&mut self, id: usize, reason: ReasonCreated) {
        let step = self.step;
        self.tasks[id].runs.push(Run::pending(reason, step));
    }

    fn schedule_if_free(&mut self, id: usize) {
        if self.tasks[id].runs.is_empty() && self.tasks[id].unsatisfied.is_empty() {
            self.add_run(id, ReasonCreated::Scheduled);
        }
    }

    fn satisfies(&self, dependency: usize, requires: Requires) -> bool {
        match self.tasks[dependency].state() {
            TaskState::Completed => true,
            TaskState::Failed | TaskState::Exception => requires == Requires::AllResolved,
            _ => false,
        }
    }
}
