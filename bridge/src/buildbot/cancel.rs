//! Ending requests and builds. Buildbot answers the same whatever comes of it, even for ids that it does not have.

use serde_json::json;

use super::http::Http;
use crate::driver::{Answer, BuildId, RequestId};

pub(super) async fn request(http: &Http, request: RequestId, reason: &str) -> Answer<()> {
    http.call(&format!("api/v2/buildrequests/{request}"), "cancel", &json!({ "reason": reason })).await?;
    Ok(())
}

pub(super) async fn build(http: &Http, build: BuildId, reason: &str) -> Answer<()> {
    http.call(&format!("api/v2/builds/{build}"), "stop", &json!({ "reason": reason })).await?;
    Ok(())
}
