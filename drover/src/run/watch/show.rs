//! Showing a group: a table that stays in its place on a terminal, a line per change elsewhere, objects with `-o json`.

use std::{
    io::{self, Write},
    sync::Arc,
};

use base::Clock;
use protocol::{id::TaskGroupId, state::TaskState, time::Timestamp};
use serde_json::json;

use super::{Change, Group, Verdict};
use crate::{client::Listed, output::Output};

/// More rows than this do not fit on small screens; the rest is counted.
const ROWS: usize = 20;
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

pub(super) struct Show {
    output: Output,
    clock: Arc<dyn Clock>,
    /// Lines of the table that are on the screen and will be written over.
    drawn: usize,
}

impl Show {
    pub(super) fn new(output: Output, clock: Arc<dyn Clock>) -> Self {
        Self { output, clock, drawn: 0 }
    }

    /// Off a terminal, every change is a line.
    pub(super) fn changes(&mut self, group: &Group, changes: &[Change]) {
        for change in changes {
            if self.output.is_json() {
                self.output.json(&json!({
                    "taskId": change.task_id, "name": change.name, "state": change.state,
                    "runId": change.run_id, "reasonResolved": change.reason, "retriedAfter": change.retried,
                }));
            } else if !self.output.is_terminal() && worth_a_line(change) {
                let time = self.clock.now().format("%H:%M:%S");
                let took = group.tasks().find(|it| it.status.task_id == change.task_id).map(|it| self.took(it));
                let line = format!("{time} {:<11} {} {}", change.state, change.name, took.unwrap_or_default());
                self.output.line(format!("{}{}", line.trim_end(), because(change)).trim_end());
            }
        }
    }

    /// Text that stays, above the table.
    pub(super) fn aside(&mut self, text: &str) {
        if self.output.is_json() {
            return;
        }
        self.erase();
        self.output.line(text.trim_end());
    }

    /// The table as it is now.
    pub(super) fn now(&mut self, group: &Group) {
        if !self.output.is_terminal() {
            return;
        }
        let rows = self.rows(group);
        self.erase();
        // Without wrapping, a line is a line, however narrow the window.
        let text = format!("\x1b[?7l{}\n\x1b[?7h", rows.join("\n"));
        let mut out = io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        self.drawn = rows.len();
    }

    /// Leaves the table where it is.
    pub(super) fn keep(&mut self) {
        self.drawn = 0;
    }

    pub(super) fn verdict(&mut self, group: TaskGroupId, verdict: &Verdict) {
        self.keep();
        let object = json!({ "taskGroupId": group, "green": verdict.is_green, "counts": verdict.counts });
        let word = if verdict.is_green { "green" } else { "not green" };
        self.output.either(&object, &format!("group {group} is {word}: {}", counted(&verdict.counts)));
    }

    fn erase(&mut self) {
        if self.drawn > 0 {
            let mut out = io::stdout().lock();
            let _ = write!(out, "\x1b[{}F\x1b[J", self.drawn);
            self.drawn = 0;
        }
    }

    /// Most interesting first to stay, in the order of the group.
    fn rows(&self, group: &Group) -> Vec<String> {
        let mut shown: Vec<(usize, &Listed)> = group.tasks().enumerate().collect();
        if shown.len() > ROWS {
            shown.sort_by_key(|(place, it)| (rank(it.status.state), std::cmp::Reverse(*place)));
            shown.truncate(ROWS);
            shown.sort_by_key(|(place, _)| *place);
        }
        let blocked = group.blocked();
        let wide = shown.iter().map(|(_, it)| it.task.metadata.name.chars().count()).max().unwrap_or(0);
        let mut rows: Vec<String> = shown
            .iter()
            .map(|(_, it)| {
                let is_blocked = blocked.contains(&it.status.task_id);
                let word = if is_blocked { "blocked" } else { it.status.state.as_str() };
                let (colour, sign) = look(it.status.state);
                let [colour, plain, dim] = self.colours([colour, PLAIN, DIM]);
                let name = &it.task.metadata.name;
                let id = it.status.task_id;
                format!("{colour}{sign} {name:<wide$}  {word:<11}{plain} {:>8}  {dim}{id}{plain}", self.took(it))
            })
            .collect();
        rows.push(format!("  {}", counted(&group.counts())));
        rows
    }

    fn colours(&self, codes: [&'static str; 3]) -> [&'static str; 3] {
        if self.output.has_colours() { codes } else { [""; 3] }
    }

    /// How long the last run has taken, or takes so far.
    fn took(&self, listed: &Listed) -> String {
        let Some(run) = listed.status.runs.last() else { return String::new() };
        let Some(started) = run.started else { return String::new() };
        let end: Timestamp = run.resolved.unwrap_or_else(|| self.clock.now());
        let millis = (end - started).num_milliseconds().max(0);
        format!("{}.{} s", millis / 1000, millis % 1000 / 100)
    }
}

fn worth_a_line(change: &Change) -> bool {
    !matches!(change.state, TaskState::Unscheduled)
}

fn because(change: &Change) -> String {
    let retried = change.retried.map(|reason| format!(" (again, after {reason})"));
    let reason = change.reason.filter(|_| change.state == TaskState::Exception).map(|reason| format!(": {reason}"));
    retried.or(reason).unwrap_or_default()
}

fn rank(state: TaskState) -> u8 {
    match state {
        TaskState::Failed | TaskState::Exception => 0,
        TaskState::Running => 1,
        TaskState::Pending => 2,
        TaskState::Completed => 3,
        TaskState::Unscheduled => 4,
    }
}

fn look(state: TaskState) -> (&'static str, char) {
    match state {
        TaskState::Unscheduled => (DIM, '·'),
        TaskState::Pending => ("", '○'),
        TaskState::Running => ("\x1b[33m", '●'),
        TaskState::Completed => ("\x1b[32m", '✓'),
        TaskState::Failed | TaskState::Exception => ("\x1b[31m", '✗'),
    }
}

fn counted(counts: &std::collections::BTreeMap<String, usize>) -> String {
    counts.iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")
}
