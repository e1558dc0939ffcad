//! What an action leaves behind: a log and `public/result.json`.

use std::{convert::Infallible, fmt::Write};

use bytes::Bytes;
use db::artifact::ArtifactKey;
use futures_util::stream;
use protocol::time::{self, Timestamp};
use serde_json::{Value, json};

use crate::{built_in::Actions, queue::types::Claim};

pub(super) struct Record<'a> {
    actions: &'a Actions,
    claim: &'a Claim,
    expires: Timestamp,
    log: String,
    result: Value,
}

impl<'a> Record<'a> {
    pub(super) fn new(actions: &'a Actions, claim: &'a Claim, expires: Timestamp) -> Self {
        Self { actions, claim, expires, log: String::new(), result: json!({}) }
    }

    pub(super) fn line(&mut self, words: &str) {
        let now = time::format(self.actions.built_in.clock.now());
        let _ = writeln!(self.log, "[built-in {now}] {words}");
    }

    pub(super) fn result(&mut self, result: Value) {
        self.result = result;
    }

    pub(super) fn fail(&mut self, code: &str, message: &str) {
        self.result = json!({ "error": { "code": code, "message": message } });
    }

    /// Whether both are stored.
    pub(super) async fn write(&self) -> bool {
        let log = self.store("public/logs/live.log", "text/plain; charset=utf-8", self.log.clone());
        let result = self.store("public/result.json", "application/json", format!("{:#}\n", self.result));
        let (log, result) = tokio::join!(log, result);
        log && result
    }

    async fn store(&self, name: &str, content_type: &str, text: String) -> bool {
        let (task_id, run_id) = (self.claim.status.task_id, self.claim.run_id);
        let key = ArtifactKey { task_id, run_id, name: name.to_owned() };
        let body = stream::iter([Ok::<_, Infallible>(Bytes::from(text))]);
        let stored = self.actions.artifacts.store(key, self.expires, content_type, body).await;
        if let Err(error) = &stored {
            let error = error as &dyn std::error::Error;
            tracing::warn!(task.id = %task_id, run.id = run_id, name, error, "an artifact of an action cannot be stored");
        }
        stored.is_ok()
    }
}
