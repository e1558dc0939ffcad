//! What the two halves of a sandbox tell each other, as JSON. Longer things travel as files in memory.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

/// To the helper.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// With a file that holds the `Plan`.
    SetUp,
    /// With a file that holds the `Execution` and, unless it has a terminal, standard input, output and error.
    Execute { id: u64 },
    /// To all processes of the session of an execution.
    Signal { id: u64, signal: i32 },
}

/// From the helper.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Report {
    /// With the listening sockets and, of a container, the tree of its files.
    Ready,
    /// The sandbox cannot be set up.
    Failed {
        step: String,
        message: String,
    },
    /// With the controlling side of the terminal, where it has one.
    Started {
        id: u64,
    },
    NotStarted {
        id: u64,
        errno: i32,
    },
    Ended {
        id: u64,
        end: End,
    },
}

/// A program to run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Execution {
    /// The program and its arguments.
    pub command: Vec<String>,
    pub env: BTreeMap<String, String>,
    pub directory: PathBuf,
    /// Someone sits in front of it: it gets a terminal of its own and may outlive other programs. Without one, all
    /// processes of the sandbox end together with the program, unless there is a session.
    pub is_session: bool,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    /// Processes that were left and have been killed.
    pub left: usize,
}
