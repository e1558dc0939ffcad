//! What cannot be reported of a task becomes a log line, a metric, and a note at the task.

use std::collections::{HashMap, HashSet};

use base::telemetry::{Counter, Label};
use db::{DbError, queue::TaskNote};
use protocol::{id::TaskId, treeherder::Problem};

use super::Reporter;

/// What became of reporting one task.
pub(super) struct Reported {
    pub(super) task_id: TaskId,
    pub(super) problems: Vec<Problem>,
    /// All of it was reported anew, so that an older note need not hold any more.
    pub(super) is_replay: bool,
}

/// Tasks whose notes are remembered; beyond that a note may be written twice, which changes nothing.
const NOTED_TASKS: usize = 10_000;

pub(super) struct Problems {
    /// The reporter, as the source of its notes.
    source: String,
    noted: HashMap<TaskId, String>,
    count: Counter,
}

impl Problems {
    pub(super) fn new(reporter: &str) -> Self {
        let about = "What could not be reported of a run.";
        Self {
            source: reporter.to_owned(),
            noted: HashMap::new(),
            count: Counter::new("treeherder", "drover.treeherder.problems", "{problem}", about),
        }
    }

    /// Notes are few, so each is a call of its own.
    pub(super) async fn note(&mut self, reporter: &Reporter, outcomes: Vec<Reported>) -> Result<(), DbError> {
        let with_problems = outcomes.iter().filter(|task| !task.problems.is_empty());
        let with_problems: HashSet<TaskId> = with_problems.map(|task| task.task_id).collect();
        for Reported { task_id, problems, is_replay } in outcomes {
            match problems.first() {
                None if is_replay && !with_problems.contains(&task_id) => {
                    self.noted.remove(&task_id);
                    reporter.db.drop_task_note(task_id, &self.source).await?;
                }
                None => {}
                Some(first) => {
                    for problem in &problems {
                        self.count.add(1, &[Label::new("problem", problem.code())]);
                    }
                    self.note_task(reporter, task_id, first.code(), words(&problems)).await?;
                }
            }
        }
        Ok(())
    }

    async fn note_task(
        &mut self,
        reporter: &Reporter,
        task_id: TaskId,
        kind: &str,
        words: String,
    ) -> Result<(), DbError> {
        if self.noted.get(&task_id) == Some(&words) {
            return Ok(());
        }
        tracing::warn!(task.id = %task_id, problem = kind, words, "task not reported to Treeherder as it is");
        let at = reporter.clock.now();
        let note = TaskNote { source: self.source.clone(), kind: kind.to_owned(), message: words.clone(), at };
        reporter.db.set_task_note(task_id, &note).await?;
        if self.noted.len() >= NOTED_TASKS {
            self.noted.clear();
        }
        self.noted.insert(task_id, words);
        Ok(())
    }
}

/// Each problem once, however many messages it concerns.
fn words(problems: &[Problem]) -> String {
    let mut words: Vec<String> = Vec::new();
    for problem in problems {
        let verdict = if problem.is_total() {
            "this task is not reported to Treeherder"
        } else {
            "not everything is reported to Treeherder"
        };
        let sentence = format!("{verdict}: {problem}.");
        if !words.contains(&sentence) {
            words.push(sentence);
        }
    }
    words.join(" ")
}
