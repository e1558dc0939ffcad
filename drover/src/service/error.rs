//! Why a service cannot start.

use std::error::Error;

use crate::exit::{CliError, Exit, with_causes};

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is wrong; nothing was attempted.
    #[error("{0}")]
    Setting(String),
    #[error("{0}")]
    Failed(String),
}

impl StartError {
    /// What was attempted, and the error with its causes.
    pub fn failed(what: &str, error: &dyn Error) -> Self {
        Self::Failed(format!("{what}: {}", with_causes(error)))
    }
}

impl From<StartError> for CliError {
    fn from(error: StartError) -> Self {
        let exit = match error {
            StartError::Setting(_) => Exit::Usage,
            StartError::Failed(_) => Exit::Failed,
        };
        Self::new(exit, error)
    }
}
