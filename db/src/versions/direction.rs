//! The way an online migration goes, and what its functions are called.

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Up,
    Down,
}

impl Direction {
    pub(super) const BOTH: [Self; 2] = [Self::Up, Self::Down];

    pub(super) fn function(self, version: u32, end: &str) -> String {
        match self {
            Self::Up => format!("online_migration_v{version}_{end}"),
            Self::Down => format!("online_downgrade_v{version}_{end}"),
        }
    }

    /// The database version that holds while the batches of `version` run.
    pub(super) const fn holds(self, version: u32) -> u32 {
        match self {
            Self::Up => version,
            Self::Down => version - 1,
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Up => "online migration",
            Self::Down => "online downgrade",
        }
    }
}
