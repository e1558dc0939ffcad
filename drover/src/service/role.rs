//! Roles: what a process can be started to run.

use serde::Serialize;

/// A role that a process can have. Several processes can have the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    pub name: &'static str,
    /// What a process with it does, to follow the name.
    pub about: &'static str,
    /// Roles that a process with this one has too, because it cannot reach them in another process.
    pub brings: &'static [&'static str],
    /// The same where there is no broker, and events and calls stay inside the process.
    pub brings_without_broker: &'static [&'static str],
}

/// The roles of a process, in the order of the services that declare them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleSet(pub(super) Vec<&'static str>);

impl Role {
    pub const fn new(name: &'static str, about: &'static str) -> Self {
        Self { name, about, brings: &[], brings_without_broker: &[] }
    }

    #[must_use]
    pub const fn brings(self, brings: &'static [&'static str]) -> Self {
        Self { brings, ..self }
    }

    #[must_use]
    pub const fn brings_without_broker(self, brings_without_broker: &'static [&'static str]) -> Self {
        Self { brings_without_broker, ..self }
    }
}

impl RoleSet {
    pub fn contains(&self, role: &str) -> bool {
        self.0.contains(&role)
    }

    pub fn names(&self) -> &[&'static str] {
        &self.0
    }
}
