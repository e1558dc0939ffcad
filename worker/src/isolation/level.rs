//! How far tasks are kept apart.

use std::fmt::{self, Display};

/// From the least to the most; each promises all that those before it do (`worker/README.md`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum IsolationLevel {
    /// Processes of the worker's own user.
    #[default]
    None,
    /// A sandbox of the worker's own user, for a worker without privileges.
    Sandbox,
    /// A sandbox and a user for each run, for a worker that runs as root.
    User,
    /// The same, and images of containers in place of the machine's own programs for those tasks that name one.
    Container,
}

impl IsolationLevel {
    pub const ALL: [Self; 4] = [Self::None, Self::Sandbox, Self::User, Self::Container];

    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sandbox => "sandbox",
            Self::User => "user",
            Self::Container => "container",
        }
    }

    /// What it does not protect, a sentence each.
    pub(crate) fn gaps(self) -> &'static [&'static str] {
        match self {
            Self::None => &[
                "tasks run as the worker's own user: they can read its files and those of other tasks",
                "tasks can end the worker and each other",
                "a process that leaves its group and clears its environment can outlive its task",
            ],
            Self::Sandbox => &["tasks share the worker's user: a fault of the kernel's mounts would show its files"],
            Self::User | Self::Container => &[],
        }
    }
}

impl Display for IsolationLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which level a worker has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IsolationMode {
    /// `User` or `Sandbox`, whichever works here. Never `None`; and `Container` only where somebody asked for it.
    #[default]
    Auto,
    /// This one; where it does not work, the worker does not start.
    Exactly(IsolationLevel),
}
