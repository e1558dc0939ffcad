//! How a command can end. The codes are a promise to scripts.

use std::{fmt, process::ExitCode};

/// The exit codes of every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Ok,
    /// It was done and did not succeed: a task failed, a graph is not green, the server stopped with an error.
    Failed,
    /// The command line, a file it names or a setting is wrong; nothing was attempted.
    Usage,
    /// The server or the database cannot be reached.
    Unreachable,
    /// The server said no: not allowed, not found, or in conflict with what is there.
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

/// Why a command ended without doing what it was asked, in words for the person who typed it.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub(crate) struct CliError {
    pub(crate) exit: Exit,
    words: String,
}

impl CliError {
    pub(crate) fn new(exit: Exit, words: impl fmt::Display) -> Self {
        Self { exit, words: words.to_string() }
    }
}

impl From<base::settings::SettingsError> for CliError {
    fn from(error: base::settings::SettingsError) -> Self {
        Self::new(Exit::Usage, error)
    }
}

impl From<base::telemetry::TelemetryError> for CliError {
    fn from(error: base::telemetry::TelemetryError) -> Self {
        Self::new(Exit::Usage, error)
    }
}

/// Where a certificate was refused: also the setting that says whom to trust.
pub(crate) fn with_setting(setting: &str, words: String) -> String {
    if words.contains("certificate") {
        return format!("{words}; the setting `{setting}` names the authorities to trust");
    }
    words
}

/// The same words with every cause behind them, for errors whose own words leave the cause out.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        cause = error.source();
    }
    words
}
