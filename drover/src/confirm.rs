//! A question before something that cannot be taken back.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::exit::{CliError, Exit};

/// Asks whoever sits there to type yes. Where nobody does, `--yes` is the only answer.
pub(crate) fn confirm(what_happens: &str) -> Result<(), CliError> {
    if !io::stdin().is_terminal() {
        return Err(CliError::new(Exit::Usage, format!("{what_happens}; say --yes if that is meant")));
    }
    eprint!("{what_happens}. Type yes to go on: ");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    let _ = io::stdin().lock().read_line(&mut answer);
    if answer.trim() == "yes" { Ok(()) } else { Err(CliError::new(Exit::Interrupted, "nothing was done")) }
}
