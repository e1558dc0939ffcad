//! How a command can end. Scripts rely on the codes.

use std::{fmt, process::ExitCode};

use base::telemetry::TelemetryError;

/// The exit codes of every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Ok,
    /// The work was done and did not succeed: a task failed, a graph is not green, the server stopped with an error.
    Failed,
    /// The command line, a file it names or a setting is wrong; nothing was attempted.
    Usage,
    /// The server or the database cannot be reached.
    Unreachable,
    /// The server refused: not allowed, not found, or in conflict with what is there.
    Refused,
    /// Stopped by SIGINT or SIGTERM before it was done.
    Interrupted,
}

impl Exit {
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Refused => 4,
            Self::Interrupted => 130,
        }
    }

    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(self.number())
    }
}

/// Why a command did not do what it was asked to, as a message for whoever typed it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct CliError {
    pub(crate) exit: Exit,
    message: String,
}

impl CliError {
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, message: message.to_string() }
    }
}

impl From<base::settings::SettingsError> for CliError {
    fn from(error: base::settings::SettingsError) -> Self {
        Self::new(Exit::Usage, error)
    }
}

impl From<TelemetryError> for CliError {
    fn from(error: TelemetryError) -> Self {
        let exit = if matches!(error, TelemetryError::Listen { .. }) { Exit::Failed } else { Exit::Usage };
        Self::new(exit, error)
    }
}

/// Adds the setting with the trusted authorities to a message about a certificate.
pub(crate) fn with_setting(setting: &str, message: String) -> String {
    if message.contains("certificate") {
        return format!("{message}; the setting `{setting}` names the authorities to trust");
    }
    message
}

/// The message with every cause behind it, for errors whose own message leaves the cause out.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !message.contains(&more) {
            message = format!("{message}: {more}");
        }
        cause = error.source();
    }
    message
}
