//! What a command prints: for people, or with `-o json` for programs. Logs go to standard error, never here.

use std::io::{self, IsTerminal, Write};

use base::environment;
use comfy_table::{Table, presets::NOTHING};
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

    /// Standard output is a terminal: lines that change in place are welcome.
    pub(crate) fn is_terminal(self) -> bool {
        !self.is_json() && io::stdout().is_terminal()
    }

    /// A terminal whose user has not turned colours off: <https://no-color.org>.
    pub(crate) fn has_colours(self) -> bool {
        self.is_terminal() && environment::variable("NO_COLOR").is_none()
    }

    /// One line of text, flushed at once for a reader that waits for it. A reader that went away is no error.
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

    /// Rows in columns. The header is for people: without a terminal there is none, and every line is a row.
    pub(crate) fn table<const N: usize>(self, header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) {
        let text = columns(self.is_terminal().then_some(header), rows);
        if !text.is_empty() {
            self.line(&text);
        }
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

/// Rows as text, a line for each, whose columns begin below each other.
pub(crate) fn columns<const N: usize>(
    header: Option<[&str; N]>,
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING).add_rows(rows);
    if let Some(header) = header {
        table.set_header(header);
    }
    table.column_iter_mut().for_each(|column| _ = column.set_padding((0, 2)));
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_begin_below_each_other_and_end_without_blanks() {
        let rows = [["a".to_owned(), "one".to_owned()], ["längs".to_owned(), "two".to_owned()]];
        assert_eq!(columns(None, rows.clone()), "a      one\nlängs  two");
        assert_eq!(columns(Some(["NAME", "N"]), rows), "NAME   N\na      one\nlängs  two");
    }
}
