//! JSON schemas of requests, responses and messages: compiled once, without any network.
//!
//! The documents are in `references/<service>/schemas`, and refer to each other by relative names.

mod bytes;
mod compile;
mod defaults;
mod describe;
mod foreign;
mod integers;
mod steps;
mod store;

pub use compile::Schema;
#[cfg(test)]
pub(crate) use defaults::follow;
pub use foreign::{ForeignSchema, SchemaError};
pub use store::{names, services, source};

use serde_json::Value;

use crate::error::FieldError;

/// The schema of this service and name (the file name without `.json`), compiled at its first use.
pub fn schema(service: &str, name: &str) -> Option<&'static Schema> {
    compile::find(service, name)
}

/// Prepares a request body (see [`Schema::prepare`]), then checks it. All field errors are returned, not only the first.
pub fn validate_input(service: &str, name: &str, body: &mut Value) -> Result<(), Vec<FieldError>> {
    let schema = schema(service, name).ok_or_else(|| vec![no_schema(service, name)])?;
    schema.prepare(body);
    schema.check(body)
}

/// Checks a response or a message, as it is.
pub fn check(service: &str, name: &str, value: &Value) -> Result<(), Vec<FieldError>> {
    schema(service, name).ok_or_else(|| vec![no_schema(service, name)])?.check(value)
}

fn no_schema(service: &str, name: &str) -> FieldError {
    FieldError::new("", format!("have a schema {service}/{name}"), "none")
}

#[cfg(test)]
mod tests;
