//! Steps of setting up, each with a name for whoever learns that it failed.

use std::io;

/// A step of setting up that failed.
#[derive(Debug)]
pub(super) struct StepError {
    pub(super) step: String,
    pub(super) error: io::Error,
}

pub(super) fn step<T>(name: &str, result: io::Result<T>) -> Result<T, StepError> {
    result.map_err(|error| StepError { step: name.to_owned(), error })
}
