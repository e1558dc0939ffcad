//! A question before something that cannot be taken back.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::exit::{Exit, Failure};

/// Asks whoever sits there to type yes. Where nobody does, `--yes` is the only answer.
pub(crate) fn confirm(what_happens: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::new(Exit::Usage, format!("{what_happens}; say --yes if that is meant")));
    }
    eprint!("{what_happens}. Type yes to go on: ");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    let _ = io::stdin().lock().read_line(&mut answer);
    if answer.trim() == "yes" { Ok(()) } else { Err(Failure::new(Exit::Interrupted, "nothing was done")) }
}
