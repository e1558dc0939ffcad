//! Why tasks cannot be kept apart as asked, and what helps.

use std::io;

use sandbox::SandboxError;

use super::IsolationLevel;

#[derive(Debug, thiserror::Error)]
pub enum IsolationError {
    #[error(
        "tasks cannot run as users of their own (--isolation {0}), since this worker does not run as root: start it as \
         root, or choose --isolation sandbox"
    )]
    NotRoot(IsolationLevel),
    #[error(
        "--isolation sandbox is for a worker without privileges, and this one runs as root: choose --isolation user, or \
         start it as another user"
    )]
    IsRoot,
    #[error(
        "containers have ranges of 65536 uids: --container-uid-base must be a multiple of that number, and not {0}"
    )]
    ContainerUids(u32),
    #[error("the directory {0} for the locks of task uids cannot be used: name another one (--task-uid-lock-dir)")]
    Locks(String, #[source] io::Error),
    #[error("no uid for a task is free: the range must exist and be large enough (--task-uid-base, --task-uid-count)")]
    Uid(#[source] io::Error),
    #[error("no directory for a sandbox can be made in {0}")]
    Directory(String, #[source] io::Error),
    #[error(
        "isolation level `{level}` does not work on this machine: {}. {remedy}; or say that tasks may do all that the \
         worker's own user may (--isolation none)", in_full(.source)
    )]
    Probe { level: IsolationLevel, remedy: &'static str, source: io::Error },
}

impl IsolationError {
    /// Of a sandbox that was tried and did not come up.
    pub(super) fn probe(level: IsolationLevel, source: io::Error) -> Self {
        let step = match source.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(SandboxError::Step { step, .. }) => step.as_str(),
            _ => "",
        };
        Self::Probe { level, remedy: remedy(level, step), source }
    }
}

fn remedy(level: IsolationLevel, step: &str) -> &'static str {
    match (level, step) {
        (_, "user namespace") => {
            "Allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone=1, \
             kernel.apparmor_restrict_unprivileged_userns=0), or start the worker as root"
        }
        (IsolationLevel::User | IsolationLevel::Container, _) if step.contains("namespace") => {
            "Give the worker CAP_SYS_ADMIN (a privileged container, or none), or start it as an ordinary user"
        }
        (_, "/proc") => "Start the worker where nothing is mounted over parts of /proc (not in a container)",
        (_, "filter of system calls") => "The kernel needs CONFIG_SECCOMP_FILTER",
        _ => "Linux 5.12 or later is needed, and a /proc of the machine's own",
    }
}

fn in_full(error: &io::Error) -> String {
    let inner = error.get_ref().map(|inner| inner as &dyn std::error::Error);
    let causes = std::iter::successors(inner.and_then(std::error::Error::source), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
