//! The ways a run ends, and what that does to others.

use protocol::state::{ReasonCreated, ReasonResolved, Requires, TaskState};

use super::{CONFLICT, Model, NOT_FOUND, Refused, Report, Run};

impl Report {
    fn outcome(self) -> (TaskState, ReasonResolved) {
        match self {
            Self::Completed => (TaskState::Completed, ReasonResolved::Completed),
            Self::Failed => (TaskState::Failed, ReasonResolved::Failed),
            Self::Exception(reason) => (TaskState::Exception, reason),
        }
    }

    /// Why the next run would be made, for a report after which the task is tried again.
    fn retry(self) -> Option<ReasonCreated> {
        match self {
            Self::Exception(ReasonResolved::WorkerShutdown) => Some(ReasonCreated::Retry),
            Self::Exception(ReasonResolved::IntermittentTask) => Some(ReasonCreated::TaskRetry),
            _ => None,
        }
    }
}

impl Model {
    /// The same report again is fine as long as nothing has happened since but its own retry.
    pub fn report(&mut self, id: usize, run_id: usize, report: Report) -> Result<(), Refused> {
        self.step += 1;
        let (state, reason) = report.outcome();
        let task = &mut self.tasks[id];
        let later = task.runs.len().saturating_sub(run_id + 1);
        let run = task.runs.get_mut(run_id).ok_or(NOT_FOUND)?;
        if run.state != TaskState::Running {
            let repeated = run.state == state && run.reason_resolved == Some(reason);
            let most_later = usize::from(state == TaskState::Exception);
            return if repeated && later <= most_later { Ok(()) } else { Err(CONFLICT) };
        }
        run.end(state, reason);
        match report.retry() {
            Some(created) if task.retries_left > 0 => {
                task.retries_left -= 1;
                self.add_run(id, created);
            }
            _ => self.resolved(id),
        }
        Ok(())
    }

    pub fn cancel(&mut self, id: usize) {
        self.step += 1;
        let step = self.step;
        let task = &mut self.tasks[id];
        match task.state() {
            state if state.is_resolved() => return,
            TaskState::Unscheduled => task.runs.push(Run::pending(ReasonCreated::Exception, step)),
            _ => {}
        }
        task.runs.last_mut().unwrap().end(TaskState::Exception, ReasonResolved::Canceled);
        self.resolved(id);
    }

    /// The tasks that were still open, which are canceled now; what waits for one of them does not run in between.
    pub fn cancel_group(&mut self, group: usize) -> Result<Vec<usize>, Refused> {
        if !self.tasks.iter().any(|task| task.group == group) {
            return Err(NOT_FOUND);
        }
        if !self.sealed.contains(&group) {
            return Err(CONFLICT);
        }
        let open = |id: &usize| self.tasks[*id].group == group && !self.tasks[*id].state().is_resolved();
        let open: Vec<usize> = (0..self.tasks.len()).filter(open).collect();
        self.step += 1;
        let step = self.step;
        for id in &open {
            let task = &mut self.tasks[*id];
            if task.runs.is_empty() {
                task.runs.push(Run::pending(ReasonCreated::Exception, step));
            }
            task.runs.last_mut().unwrap().end(TaskState::Exception, ReasonResolved::Canceled);
        }
        for id in &open {
            self.resolved(*id);
        }
        Ok(open)
    }

    /// Dependents that are now satisfied become pending, all in the same step.
    fn resolved(&mut self, id: usize) {
        self.tasks[id].ever_resolved = true;
        let completed = self.tasks[id].state() == TaskState::Completed;
        for dependent in 0..self.tasks.len() {
            let task = &mut self.tasks[dependent];
            let satisfied = completed || task.requires == Requires::AllResolved;
            if satisfied && task.unsatisfied.remove(&id) {
                self.schedule_if_free(dependent);
            }
        }
    }
}
