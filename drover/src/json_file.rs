//! Files of JSON that commands are given.

use std::path::Path;

use serde_json::Value;

use crate::exit::{CliError, Exit};

/// What is in it; a file that is missing or is none is wrong usage.
pub(crate) fn read_json(file: &Path) -> Result<Value, CliError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| CliError::new(Exit::Usage, format!("{} cannot be read: {error}", file.display())))?;
    serde_json::from_str(&text)
        .map_err(|error| CliError::new(Exit::Usage, format!("{} is no JSON: {error}", file.display())))
}
