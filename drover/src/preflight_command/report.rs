//! What was found, for people and for programs.

use serde::Serialize;

use crate::{
    exit::{CliError, Exit},
    output::{Output, columns},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    Ok,
    /// Processes start, and somebody may want to know.
    Warning,
    Failed,
    Skipped,
}

impl Outcome {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    #[serde(rename = "check")]
    name: &'static str,
    pub(super) outcome: Outcome,
    pub(super) message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fix: Option<String>,
    #[serde(skip)]
    exit: Exit,
}

impl Check {
    fn new(name: &'static str, outcome: Outcome, message: impl Into<String>) -> Self {
        Self { name, outcome, message: message.into(), fix: None, exit: Exit::Ok }
    }

    pub(super) fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Outcome::Ok, message)
    }

    pub(super) fn skipped(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Outcome::Skipped, message)
    }

    pub(super) fn warning(check: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..Self::new(check, Outcome::Warning, message) }
    }

    pub(super) fn failed(check: &'static str, exit: Exit, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), exit, ..Self::new(check, Outcome::Failed, message) }
    }

    /// An error whose message names the setting and the fix itself.
    pub(super) fn wrong(check: &'static str, error: &CliError) -> Self {
        Self { exit: error.exit, ..Self::new(check, Outcome::Failed, error.to_string()) }
    }
}

/// All of them.
pub(super) struct Report(pub(super) Vec<Check>);

#[derive(Serialize)]
struct Answer<'r> {
    ready: bool,
    checks: &'r [Check],
}

impl Report {
    /// With the code of the first failure: what comes before explains what comes after.
    pub(super) fn print(&self, output: Output) -> Exit {
        let failed = self.0.iter().find(|check| check.outcome == Outcome::Failed);
        let answer = Answer { ready: failed.is_none(), checks: &self.0 };
        output.either(&answer, &self.text(failed.is_none()));
        failed.map_or(Exit::Ok, |check| check.exit)
    }

    fn text(&self, is_ready: bool) -> String {
        let lines = self.0.iter().flat_map(|check| {
            let line = [check.outcome.word().to_owned(), check.name.to_owned(), check.message.clone()];
            let fix = check.fix.iter().map(|fix| [String::new(), String::new(), format!("→ {fix}")]);
            std::iter::once(line).chain(fix).collect::<Vec<_>>()
        });
        let end = if is_ready { "ready" } else { "not ready: nothing should be started with these settings" };
        format!("{}\n{end}", columns(None, lines))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_decides_and_every_fix_has_its_line() {
        let report = Report(vec![
            Check::ok("settings", "complete"),
            Check::failed("database", Exit::Unreachable, "away", "start it"),
            Check::failed("broker", Exit::Refused, "no", "grant it"),
        ]);
        let expected = "ok      settings  complete\nfailed  database  away\n                  → start it\n\
                        failed  broker    no\n                  → grant it\n\
                        not ready: nothing should be started with these settings";
        assert_eq!(report.text(false), expected);
        assert_eq!(report.print(Output::new(crate::output::Format::Json)), Exit::Unreachable);
    }
}
