//! A worker that was started by another process and is not to outlive it.

use std::io;

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

use crate::exit::{CliError, Exit};

/// Has the kernel send SIGTERM to this process when `parent`, which started it, ends.
pub(super) fn end_with(parent: u32) -> Result<(), CliError> {
    let failed = |error| CliError::new(Exit::Failed, format!("the worker cannot end with process {parent}: {error}"));
    set_parent_process_death_signal(Some(Signal::TERM)).map_err(|error| failed(io::Error::from(error)))?;
    // It may have ended before the request; then nobody would ever send the signal.
    let lives = getppid().is_some_and(|now| u32::try_from(now.as_raw_nonzero().get()) == Ok(parent));
    if lives { Ok(()) } else { Err(failed(io::Error::other("it is not the parent of this process, or has ended"))) }
}
