//! Showing a group: a table that is redrawn in place on a terminal, a line per change elsewhere, objects with `-o json`.

use std::{collections::BTreeMap, sync::Arc};

use base::Clock;
use indicatif::ProgressBar;
use protocol::{id::TaskGroupId, state::TaskState, time::Timestamp};
use serde_json::json;

use super::{Change, Group, Verdict};
use crate::{
    client::Listed,
    output::{Output, columns},
    progress,
};

/// More rows than this do not fit on small screens; the other tasks are only counted.
const ROWS: usize = 20;
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

pub(super) struct Show {
    output: Output,
    clock: Arc<dyn Clock>,
    /// Hidden where there is no terminal.
    table: ProgressBar,
}

impl Show {
    pub(super) fn new(output: Output, clock: Arc<dyn Clock>) -> Self {
        Self { output, clock, table: progress::live_text(output) }
    }

    /// Without a terminal, every change is a line.
    pub(super) fn changes(&self, group: &Group, changes: &[Change]) {
        for change in changes {
            if self.output.is_json() {
                self.output.json(&json!({
                    "taskId": change.task_id, "name": change.name, "state": change.state,
                    "runId": change.run_id, "reasonResolved": change.reason, "retriedAfter": change.retried,
                }));
            } else if !self.output.is_terminal() && change.state != TaskState::Unscheduled {
                let time = self.clock.now().format("%H:%M:%S");
                let took = group.tasks().find(|it| it.status.task_id == change.task_id).map(|it| self.took(it));
                let line = format!("{time} {:<11} {} {}", change.state, change.name, took.unwrap_or_default());
                self.output.line(format!("{}{}", line.trim_end(), because(change)).trim_end());
            }
        }
    }

    /// Text that stays, above the table.
    pub(super) fn aside(&self, text: &str) {
        if !self.output.is_json() {
            self.table.suspend(|| self.output.line(text.trim_end()));
        }
    }

    /// Redraws the table.
    pub(super) fn redraw(&self, group: &Group) {
        if self.output.is_terminal() {
            self.table.set_message(self.text(group));
        }
    }

    /// Leaves the table where it is.
    pub(super) fn keep(&self) {
        self.table.abandon();
    }

    pub(super) fn verdict(&self, group: TaskGroupId, verdict: &Verdict) {
        self.keep();
        let object = json!({ "taskGroupId": group, "green": verdict.is_green, "counts": verdict.counts });
        let word = if verdict.is_green { "green" } else { "not green" };
        self.output.either(&object, &format!("group {group} is {word}: {}", counted(&verdict.counts)));
    }

    fn text(&self, group: &Group) -> String {
        let (shown, blocked) = (most_interesting(group), group.blocked());
        let rows = columns(None, shown.iter().map(|it| self.row(it, blocked.contains(&it.status.task_id))));
        let colour = |(row, it): (&str, &&Listed)| match style(it.status.state).0 {
            colour if self.output.has_colours() && !colour.is_empty() => format!("{colour}{row}{PLAIN}\n"),
            _ => format!("{row}\n"),
        };
        let mut text: String = rows.lines().zip(&shown).map(colour).collect();
        text.extend(["  ", &counted(&group.counts())]);
        text
    }

    fn row(&self, listed: &Listed, is_blocked: bool) -> [String; 4] {
        let Listed { status, task } = listed;
        let state = if is_blocked { "blocked" } else { status.state.as_str() };
        let name = format!("{} {}", style(status.state).1, task.metadata.name);
        [name, state.to_owned(), format!("{:>8}", self.took(listed)), status.task_id.to_string()]
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

/// At most `ROWS` tasks, in the order of the group: failed ones before running, pending and other ones.
fn most_interesting(group: &Group) -> Vec<&Listed> {
    let mut shown: Vec<(usize, &Listed)> = group.tasks().enumerate().collect();
    if shown.len() > ROWS {
        shown.sort_by_key(|(position, it)| (rank(it.status.state), std::cmp::Reverse(*position)));
        shown.truncate(ROWS);
        shown.sort_by_key(|(position, _)| *position);
    }
    shown.into_iter().map(|(_, it)| it).collect()
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

/// The colour and the sign of a state.
fn style(state: TaskState) -> (&'static str, char) {
    match state {
        TaskState::Unscheduled => (DIM, '·'),
        TaskState::Pending => ("", '○'),
        TaskState::Running => ("\x1b[33m", '●'),
        TaskState::Completed => ("\x1b[32m", '✓'),
        TaskState::Failed | TaskState::Exception => ("\x1b[31m", '✗'),
    }
}

fn counted(counts: &BTreeMap<String, usize>) -> String {
    counts.iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")
}
