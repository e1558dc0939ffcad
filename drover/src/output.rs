//! What a command prints: for people, or with `-o json` for programs. Logs go to standard error, never here.

use std::io::{self, IsTerminal, Write};

use base::environment;
use serde::Serialize;

use crate::exit::CliError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    format: Format,
}

impl Output {
    pub(crate) const fn new(format: Format) -> Self {
        Self { format }
    }

    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Someone watches: lines that change in place are welcome.
    pub(crate) fn is_terminal(self) -> bool {
        !self.is_json() && io::stdout().is_terminal()
    }

    /// The same, unless the one who watches wants no colours: <https://no-color.org>.
    pub(crate) fn has_colours(self) -> bool {
        self.is_terminal() && environment::variable("NO_COLOR").is_none()
    }

    /// One line of text, flushed, so that whoever waits for it sees it at once. A reader that went away is no error.
    #[expect(clippy::unused_self, reason = "what is printed belongs to the output, whatever its form")]
    pub(crate) fn line(self, text: &str) {
        let mut out = io::stdout().lock();
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// One JSON value on one line, flushed.
    pub(crate) fn json(self, value: &impl Serialize) {
        match serde_json::to_string(value) {
            Ok(text) => self.line(&text),
            Err(error) => eprintln!("drover: this answer cannot be written as JSON: {error}"),
        }
    }

    /// The JSON value, or the text, whichever was asked for.
    pub(crate) fn either(self, value: &impl Serialize, text: &str) {
        if self.is_json() { self.json(value) } else { self.line(text) }
    }

    /// Why the command failed, on standard error; with `-o json` as an object with `error` and `exitCode`.
    pub(crate) fn error(self, error: &CliError) {
        if self.is_json() {
            let object = serde_json::json!({"error": error.to_string(), "exitCode": error.exit.number()});
            eprintln!("{object}");
        } else {
            eprintln!("drover: {error}");
        }
    }
}
