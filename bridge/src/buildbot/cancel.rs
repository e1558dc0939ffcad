//! Cancels requests and stops builds. Buildbot's response does not say whether that had any effect, even for unknown ids.

use serde_json::json;

use super::http::Http;
use crate::driver::{BuildId, DriverResult, RequestId};

pub(super) async fn request(http: &Http, request: RequestId, reason: &str) -> DriverResult<()> {
    http.call(&format!("api/v2/buildrequests/{request}"), "cancel", &json!({ "reason": reason })).await?;
    Ok(())
}

pub(super) async fn build(http: &Http, build: BuildId, reason: &str) -> DriverResult<()> {
    http.call(&format!("api/v2/builds/{build}"), "stop", &json!({ "reason": reason })).await?;
    Ok(())
}
