//! Operations: what Compute Engine is still doing after it has answered.

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;

use super::{
    GoogleClient,
    error::{self, OperationError},
};
use crate::provider::{ProviderError, ProviderResult};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    name: String,
    #[serde(default)]
    status: String,
    /// The id of what it works on.
    #[serde(default)]
    pub(super) target_id: String,
    error: Option<OperationError>,
    http_error_status_code: Option<u16>,
}

/// Waits for its end. The caller's own deadline ends the waiting.
pub(super) async fn finished(client: &GoogleClient, zone: &str, mut operation: Operation) -> ProviderResult<Operation> {
    while operation.status != "DONE" {
        // The server answers at its end, or after some time.
        let url = client.url(zone, &["operations", &operation.name, "wait"], &[])?;
        let waited = client.bearer.call::<Operation>(Method::POST, url, None, client.timeout() + WAIT).await;
        operation = match waited {
            Ok(operation) => operation,
            // Nothing is known of the operation.
            Err(error) => return Err(ProviderError::unanswered(error.to_string())),
        };
    }
    match &operation.error {
        Some(failed) => Err(error::of_operation(failed, operation.http_error_status_code.unwrap_or_default())),
        None => Ok(operation),
    }
}

/// Google's longest.
const WAIT: Duration = Duration::from_mins(2);
