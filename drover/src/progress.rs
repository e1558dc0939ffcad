//! Progress of long work on a terminal. Elsewhere, and with `-o json`, the bars are hidden and do nothing.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Output;

/// Between two frames of a spinner.
const FRAME: Duration = Duration::from_millis(100);

/// How much of a file has been transferred. Its length may become known later.
pub(crate) fn bytes(name: &str, output: Output) -> ProgressBar {
    let style = style("{msg}  {percent}%  {bytes} of {total_bytes}  {bytes_per_sec}");
    on_stderr(output).with_style(style).with_message(name.to_owned())
}

/// A spinner beside the current step.
pub(crate) fn steps(output: Output) -> ProgressBar {
    let bar = on_stderr(output).with_style(style("{spinner} {elapsed} {msg}"));
    if !bar.is_hidden() {
        bar.enable_steady_tick(FRAME);
    }
    bar
}

/// Text on standard output that is replaced in place, below lines that stay.
pub(crate) fn live_text(output: Output) -> ProgressBar {
    let bar = if output.is_terminal() {
        ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout())
    } else {
        ProgressBar::hidden()
    };
    bar.with_style(style("{msg}"))
}

fn on_stderr(output: Output) -> ProgressBar {
    if output.is_json() || !io::stderr().is_terminal() { ProgressBar::hidden() } else { ProgressBar::new_spinner() }
}

/// A template that cannot be read is a mistake in this file; the bar is drawn in the usual way then.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Format;

    #[test]
    fn templates_can_be_read_and_bars_are_hidden_for_programs() {
        for template in ["{msg}  {percent}%  {bytes} of {total_bytes}  {bytes_per_sec}", "{spinner} {elapsed} {msg}"] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
        let json = Output::new(Format::Json);
        assert!(bytes("a", json).is_hidden() && steps(json).is_hidden() && live_text(json).is_hidden());
    }
}
