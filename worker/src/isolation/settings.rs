//! What decides how tasks are kept apart.

use std::path::PathBuf;

use super::{IsolationMode, ResourceLimits};

/// The isolation of tasks.
#[derive(Debug, Clone)]
pub struct IsolationSettings {
    pub mode: IsolationMode,
    /// The first uid, and gid, of the range. Nobody else may use the range.
    pub first_uid: u32,
    /// How many uids there are: at least as many as tasks run on the machine at the same time.
    pub uid_count: u32,
    /// The first uid, and gid, of the ranges of containers, 65,536 for each: a multiple of that number.
    pub first_container_uid: u32,
    /// How many ranges there are: at least as many as containers run on the machine at the same time.
    pub container_count: u32,
    /// A directory with a lock file per uid, the same one for all workers of a machine that share the range.
    pub lock_dir: PathBuf,
    /// Files and directories of the machine that tasks may read besides its programs, at the same path.
    pub read_only_paths: Vec<PathBuf>,
    /// Paths below those that they may not read.
    pub hidden_paths: Vec<PathBuf>,
    /// Whether tasks in a sandbox get out of it through a proxy for HTTP and TLS.
    pub network: NetworkPolicy,
    /// What each run may use.
    pub limits: ResourceLimits,
}

/// What tasks in a sandbox reach besides the proxy that signs their requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NetworkPolicy {
    #[default]
    None,
    /// Everything but this machine and its neighbours on the same link, through an HTTP proxy.
    Proxy,
}

impl Default for IsolationSettings {
    fn default() -> Self {
        Self {
            mode: IsolationMode::Auto,
            first_uid: 400_000,
            uid_count: 1_000,
            first_container_uid: 0x7000_0000,
            container_count: 1_000,
            lock_dir: PathBuf::from("/run/drover/task-uids"),
            read_only_paths: Vec::new(),
            hidden_paths: Vec::new(),
            network: NetworkPolicy::None,
            limits: ResourceLimits::default(),
        }
    }
}
