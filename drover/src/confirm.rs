//! Asks for confirmation before something that cannot be undone.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::exit::{CliError, Exit};

/// Asks the user to type yes. Without a terminal only `--yes` confirms.
pub(crate) fn confirm(what_happens: &str) -> Result<(), CliError> {
    if !io::stdin().is_terminal() {
        return Err(CliError::new(Exit::Usage, format!("{what_happens}; confirm with --yes")));
    }
    eprint!("{what_happens}. Type yes to go on: ");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    let _ = io::stdin().lock().read_line(&mut answer);
    if answer.trim() == "yes" { Ok(()) } else { Err(CliError::new(Exit::Interrupted, "nothing was done")) }
}
