//! Programs that see and reach only what they were given: namespaces of their own, a file system made for them, no rights.
//!
//! A sandbox is a process of the program `sandbox-init` (`run_init`), the first one of its process namespace, and a
//! `Sandbox`, the handle of whoever started it. They talk over a socket: programs are started by messages, and their
//! descriptors travel with these. When either of the two ends, so does everything in the sandbox.

mod channel;
mod host;
mod init;
mod message;
mod plan;
mod sys;

pub use self::{
    host::{Running, Sandbox, SandboxError, Terminal},
    init::run_init,
    message::{End, Execution},
    plan::{Access, Account, CONTAINER_IDS, Group, Image, Limits, Plan, View},
};

/// The first argument of the helper process. It reads everything else from its standard input.
pub const INIT_COMMAND: &str = "sandbox-init";
