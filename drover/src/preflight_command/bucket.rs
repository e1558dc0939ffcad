//! The bucket: content can be written, read and deleted.

use std::time::Duration;

use actors::object::{BackendError, ObjectSettings, try_bucket};
use tokio::time::timeout;
use uuid::Uuid;

use super::report::Check;
use crate::{
    exit::{Exit, with_causes},
    system_context::SystemContext,
};

const CHECK: &str = "bucket";
/// Longer than the client takes for its own retries of one request.
const DEADLINE: Duration = Duration::from_mins(1);

pub(super) async fn check(settings: &ObjectSettings, system: &SystemContext) -> Check {
    let bucket = &settings.s3.bucket;
    if bucket.is_empty() {
        return Check::skipped(CHECK, "`object.s3.bucket` is empty: artifacts are kept in the data folder");
    }
    // Two releases may share a bucket, and look at the same time.
    let name = format!("preflight/{}", Uuid::from_bytes(system.rng.branch("preflight object").uuid_bytes()));
    let fix = "see `object.s3` (`drover config explain object`), and that this machine or pod may reach the store";
    match timeout(DEADLINE, try_bucket(&settings.s3, &name)).await {
        Ok(Ok(())) => Check::ok(CHECK, format!("an object in `{bucket}` was written, read and deleted")),
        Ok(Err(error @ BackendError::Setting(_))) => Check::failed(CHECK, Exit::Usage, error.to_string(), fix),
        Ok(Err(error)) => {
            let message = format!("the bucket `{bucket}`: {}", with_causes(&error));
            Check::failed(CHECK, Exit::Unreachable, message, fix)
        }
        Err(_) => {
            Check::failed(CHECK, Exit::Unreachable, format!("the store of the bucket `{bucket}` does not answer"), fix)
        }
    }
}
