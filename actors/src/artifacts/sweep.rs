//! Artifacts and objects expire, and their content is deleted.

use std::time::Duration;

use super::{Artifacts, expire};
use crate::{
    kit::{Child, Next, Periodic, Schedule},
    object::{ObjectError, Objects},
};

const EVERY: Duration = Duration::from_mins(1);

impl Artifacts {
    /// Deletes expired artifacts, objects and content. To be supervised; several processes may run one.
    pub fn sweeper(&self) -> Child {
        let objects = self.objects.clone();
        Schedule::every(EVERY, self.rng.clone()).child("artifacts/sweep", move |_| Sweeper(objects.clone())).0
    }
}

struct Sweeper(Objects);

impl Periodic for Sweeper {
    type Error = ObjectError;

    async fn run(&mut self) -> Result<Next, ObjectError> {
        let swept = expire(&self.0).await?;
        if swept.is_empty() {
            return Ok(Next::IDLE);
        }
        tracing::info!(swept.artifacts, swept.objects, swept.blobs, "expired artifacts deleted");
        Ok(Next::AGAIN)
    }
}
