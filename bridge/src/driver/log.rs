//! Logs of steps, line by line.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogId(pub i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogKind {
    /// Output of a command; each line is from one of three streams.
    Stdio,
    Text,
    Html,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    pub id: LogId,
    pub name: String,
    /// The name as used in URLs, unique within the step.
    pub slug: String,
    pub kind: LogKind,
    /// How many lines it has so far.
    pub lines: u64,
    pub complete: bool,
}

/// Where a line of a `Stdio` log came from. Lines of other logs are `Out`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    Out,
    Err,
    /// Written by the master, with the worker's whole environment: never to be published.
    Header,
}

/// One line, without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub kind: LineKind,
    pub text: String,
}

/// Consecutive lines of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    /// The number of the first line, from 0.
    pub first: u64,
    pub lines: Vec<Line>,
}

impl Lines {
    /// The number of the line after these.
    pub fn next(&self) -> u64 {
        self.first + self.lines.len() as u64
    }
}
