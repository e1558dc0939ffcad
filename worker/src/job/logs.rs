//! The log artifacts: followed while the task runs, kept when it has ended.

use super::Job;
use crate::{
    artifact::StoreError,
    log::LiveLog,
    payload::{Features, Logs},
};

const TEXT: &str = "text/plain; charset=utf-8";

impl Job {
    /// Offers the log and points the artifact to it. A task runs as well without.
    pub(super) async fn open_live_log(&self, logs: &Logs, features: &Features) -> Option<LiveLog> {
        if !features.live_log {
            return None;
        }
        let live = self.context.live_logs.serve(self.log.path());
        let made = self.store().reference(&logs.live, &live.url, TEXT, self.claim.task.expires).await;
        self.note(&logs.live, made);
        Some(live)
    }

    /// Stores the whole log, and lets the name of the live log lead to it. Answers whether there is nothing left to store.
    pub(super) async fn store_logs(&self, logs: &Logs, features: &Features) -> bool {
        if !features.backing_log {
            return true;
        }
        let expires = self.claim.task.expires;
        let stored = match self.log.content() {
            Ok(content) => self.store().object(&logs.backing, content, TEXT, expires).await,
            Err(error) => Err(error.into()),
        };
        let is_stored = stored.is_ok();
        self.note(&logs.backing, stored.map(drop));
        if is_stored && features.live_log {
            let linked = self.store().link(&logs.live, &logs.backing, TEXT, expires).await;
            self.note(&logs.live, linked);
        }
        is_stored
    }

    pub(super) fn note(&self, name: &str, result: Result<(), StoreError>) {
        if let Err(error) = result {
            let task_id = self.claim.status.task_id;
            tracing::warn!(task.id = %task_id, artifact = name, error = error.in_full(), "a log was not stored");
            self.log.write_error(format!("{name} could not be stored: {}", error.in_full()));
        }
    }
}
