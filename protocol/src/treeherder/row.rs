//! The row of a push, as Treeherder shows it: platforms, in them groups, in them jobs.

use std::{cmp::Ordering, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use super::{JobConfig, Outcome, ReportedTask};
use crate::{
    id::{RunId, TaskId},
    status::TaskStatus,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PushRow {
    pub project: String,
    pub revision: String,
    /// Jobs by Treeherder's name for their outcome, like `success` or `busted`.
    pub counts: BTreeMap<String, usize>,
    pub platforms: Vec<PushPlatform>,
    /// Tasks of the push that Treeherder does not show, and why.
    pub problems: Vec<PushProblem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushPlatform {
    pub platform: String,
    /// Labels, like `opt` or `debug`.
    pub labels: String,
    pub groups: Vec<PushGroup>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushGroup {
    /// `?` for jobs that stand alone.
    pub symbol: String,
    pub name: Option<String>,
    pub tier: u8,
    pub jobs: Vec<PushJob>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PushJob {
    pub task_id: TaskId,
    pub run_id: RunId,
    pub symbol: String,
    pub name: String,
    /// Treeherder's name for it.
    pub result: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PushProblem {
    pub task_id: TaskId,
    pub name: String,
    pub problem: String,
}

/// A task of the push and its status.
pub type PushTask = (ReportedTask, TaskStatus);

type Groups = BTreeMap<(bool, String, u8), PushGroup>;

impl PushRow {
    /// Each run is a job of its own.
    pub fn of(project: &str, revision: &str, tasks: &[PushTask]) -> Self {
        let (mut counts, mut problems) = (BTreeMap::new(), Vec::new());
        let mut platforms: BTreeMap<(String, String), Groups> = BTreeMap::new();
        for (task, status) in tasks {
            let shown = shown(task);
            let config = match shown {
                Ok(config) => config,
                Err(problem) => {
                    problems.push(PushProblem { task_id: task.task_id, name: task.name.clone(), problem });
                    continue;
                }
            };
            let jobs = jobs(task, config, status);
            for job in &jobs {
                *counts.entry(job.result.clone()).or_default() += 1;
            }
            let groups = platforms.entry((config.machine.platform.clone(), labels(config))).or_default();
            group(groups, config).jobs.extend(jobs);
        }
        let platforms = platforms.into_iter().map(|((platform, labels), groups)| PushPlatform {
            platform,
            labels,
            groups: groups.into_values().map(PushGroup::in_order).collect(),
        });
        let platforms = platforms.collect();
        Self { project: project.to_owned(), revision: revision.to_owned(), counts, platforms, problems }
    }

    /// Jobs that have not ended.
    pub fn open(&self) -> usize {
        ["unscheduled", "pending", "running"].iter().filter_map(|word| self.counts.get(*word)).sum()
    }

    /// Everything is shown, and every job has ended well, save for runs that were tried again by themselves.
    pub fn is_green(&self) -> bool {
        self.problems.is_empty() && self.counts.keys().all(|word| matches!(word.as_str(), "success" | "retry"))
    }
}

/// The task's configuration, unless Treeherder would not show it.
fn shown(task: &ReportedTask) -> Result<&JobConfig, String> {
    let config = task.config.as_ref().map_err(ToString::to_string)?;
    let faulty = task.destinations.iter().find_map(|destination| destination.as_ref().err());
    match faulty {
        Some(problem) => Err(problem.to_string()),
        None => Ok(config),
    }
}

fn jobs(task: &ReportedTask, config: &JobConfig, status: &TaskStatus) -> Vec<PushJob> {
    let job = |run_id, outcome: Outcome| PushJob {
        task_id: task.task_id,
        run_id,
        symbol: config.symbol.clone(),
        name: task.name.clone(),
        result: outcome.stored_as(config.job_kind).to_owned(),
    };
    if status.runs.is_empty() {
        return vec![job(0, Outcome::UNSCHEDULED)];
    }
    let runs = status.runs.iter().filter_map(|run| Some((run.run_id, Outcome::of(status, run.run_id)?)));
    runs.map(|(run_id, outcome)| job(run_id, outcome)).collect()
}

fn labels(config: &JobConfig) -> String {
    let mut labels = config.labels.clone();
    labels.sort();
    labels.join(" ")
}

/// Jobs without a group come first.
fn group<'g>(groups: &'g mut Groups, config: &JobConfig) -> &'g mut PushGroup {
    let symbol = &config.group_symbol;
    let made =
        || PushGroup { symbol: symbol.clone(), name: config.group_name.clone(), tier: config.tier, jobs: Vec::new() };
    groups.entry((symbol != "?", symbol.clone(), config.tier)).or_insert_with(made)
}

impl PushGroup {
    fn in_order(mut self) -> Self {
        self.jobs.sort_by(|one, other| {
            by_symbol(&one.symbol, &other.symbol)
                .then_with(|| one.name.cmp(&other.name))
                .then_with(|| (one.task_id, one.run_id).cmp(&(other.task_id, other.run_id)))
        });
        self
    }
}

/// `2` before `10`, and `bc2` before `bc10`.
fn by_symbol(one: &str, other: &str) -> Ordering {
    let key = |symbol: &str| {
        let word = symbol.trim_end_matches(|letter: char| letter.is_ascii_digit());
        (word.to_owned(), symbol[word.len()..].parse::<u64>().unwrap_or(0))
    };
    key(one).cmp(&key(other)).then_with(|| one.cmp(other))
}
