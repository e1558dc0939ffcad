//! The artifacts of a run: logs, properties and a description of its build.

use std::time::Duration;

use db::bridge::{BridgeState, Intent};
use protocol::time::Timestamp;
use serde_json::{Map, Value, json};

use super::{ReconcileError, RequestReconciler};
use crate::{
    decide::Outcome,
    driver::{Build, BuildId, BuildResult, MasterDriver, RequestId, Step},
    logs::{BACKING_LOG, Job, LIVE_LOG, TEXT},
    payload::Payload,
    run_artifacts::RunArtifacts,
};

const JSON: &str = "application/json";
/// How long closing a cancelled request may take for its artifacts.
const PARTIAL_TIMEOUT: Duration = Duration::from_mins(1);

impl RequestReconciler<'_> {
    fn artifacts(&self) -> RunArtifacts {
        RunArtifacts {
            artifacts: self.master.artifacts.clone(),
            task_id: self.row.task_id(),
            run_id: self.row.run_id,
            expires: self.row.expires,
        }
    }

    fn job(&self) -> Option<Job> {
        let build = self.row.build_id.map(BuildId)?;
        Some(Job { artifacts: self.artifacts(), build })
    }

    /// A message of the bridge itself, where there is no log of a build.
    pub(super) async fn store_message(&self, message: String) -> Result<(), ReconcileError> {
        let artifacts = self.artifacts();
        artifacts.store_text(BACKING_LOG, TEXT, message).await?;
        Ok(artifacts.link(LIVE_LOG, BACKING_LOG, TEXT).await?)
    }

    /// Makes the log of a running build readable while it grows, unless the payload says otherwise.
    pub(super) async fn follow_logs(&self) {
        let running = self.row.state == BridgeState::Running && self.row.intent == Intent::Run;
        let is_new = |job: &Job| running && !self.master.is_followed(Some(job.build.0));
        let Some(job) = self.job().filter(is_new) else { return };
        let Ok(task) = self.master.queue.definition(self.row.task_id()).await else { return };
        self.master.followed().insert(job.build.0);
        if Payload::read(&task.payload, &[]).is_ok_and(|payload| payload.logs) {
            self.master.logs.follow(&job);
        }
    }

    /// Stores all artifacts. After `artifacts_grace` the run is resolved without those that cannot be stored.
    pub(super) async fn store_artifacts(
        &mut self,
        outcome: Outcome,
        payload: Option<&Payload>,
    ) -> Result<(), ReconcileError> {
        let grace = self.master.rules.settings.artifacts_grace;
        let grace_ends = self.row.ended.unwrap_or(self.row.created) + grace.delta();
        let (logs, properties) = payload.map_or((true, true), |payload| (payload.logs, payload.publish_properties));
        // The id of a lost build may by now be that of an unrelated one.
        let build = self.row.build_id.map(BuildId).filter(|_| outcome != Outcome::Lost);
        let stored = match build {
            Some(build) => {
                // Boxed: it is large, and would be a part of every reconciliation.
                let copy = Box::pin(self.copy(build, logs, properties));
                self.while_renewing_claim(grace.duration(), copy).await
            }
            None => self.store_message(message_without_build(outcome, self.master.name())).await,
        };
        let Err(error) = stored else { return Ok(()) };
        if !matches!(self.ownership().await?, super::RunOwnership::Claimed(_)) {
            // Already resolved, by this bridge before a crash or by someone else: its artifacts are final, and the report will be refused.
            return Ok(());
        }
        if self.master.now() < grace_ends {
            return Err(error);
        }
        let (task, master) = (self.row.task_id(), self.master.name());
        tracing::error!(task.id = %task, master, %error, "run is resolved without the artifacts of its build");
        let message = format!("Logs and files of the build could not be stored: {error}\n");
        if let Err(error) = self.artifacts().store_text("public/logs/missing.log", TEXT, message).await {
            tracing::warn!(task.id = %task, master, %error, "cannot store why artifacts are missing");
        }
        Ok(())
    }

    /// Stores what a cancelled build has produced so far, if that is possible at once.
    pub(super) async fn store_partial_artifacts(&self) {
        let Some(build) = self.row.build_id.map(BuildId).filter(|_| self.row.taken_until.is_some()) else { return };
        if self.master.driver.is_open() || self.row.lost {
            return;
        }
        let copied = tokio::time::timeout(PARTIAL_TIMEOUT, self.copy(build, true, true)).await;
        if let Ok(Err(error)) = copied {
            tracing::debug!(task.id = %self.row.task_id(), %error, "cannot store the artifacts of a cancelled build");
        }
    }

    async fn copy(&self, build: BuildId, logs: bool, properties: bool) -> Result<(), ReconcileError> {
        let driver = &self.master.driver;
        let steps = driver.steps(build).await?;
        let found = match self.build() {
            Some(found) => Some(found.clone()),
            None => self.read_build(build).await?,
        };
        let artifacts = self.artifacts();
        let text = build_json(found.as_ref(), self.row.builder.as_deref(), &steps);
        artifacts.store_text("public/build.json", JSON, text.to_string()).await?;
        if properties {
            let all = driver.properties(build).await?;
            let public = all.into_iter().filter(|(name, _)| self.master.rules.publishes(name));
            let public: Map<String, Value> = public.map(|(name, property)| (name, property.value)).collect();
            artifacts.store_text("public/properties.json", JSON, Value::Object(public).to_string()).await?;
        }
        if let Some(job) = self.job().filter(|_| logs) {
            self.master.logs.finish(&job, &steps).await?;
            artifacts.link(LIVE_LOG, BACKING_LOG, TEXT).await?;
        }
        Ok(())
    }

    async fn read_build(&self, build: BuildId) -> Result<Option<Build>, ReconcileError> {
        let Some(request) = self.row.request_id.map(RequestId) else { return Ok(None) };
        let builds = self.master.driver.builds(request).await?;
        Ok(builds.into_iter().find(|found| found.id == build))
    }

    /// Renews the claim while `work` runs, which may take longer than what is left of it.
    async fn while_renewing_claim(
        &self,
        timeout: Duration,
        work: impl Future<Output = Result<(), ReconcileError>>,
    ) -> Result<(), ReconcileError> {
        let until_renewal = |at: Timestamp| (at - self.master.now()).to_std().unwrap_or_default();
        let interval = self.row.reclaim_at.map_or(timeout, until_renewal).max(Duration::from_secs(1));
        let renew = async {
            loop {
                tokio::time::sleep(interval).await;
                if let Err(error) = self.master.queue.reclaim(self.row.task_id(), self.row.run_id).await {
                    tracing::warn!(task.id = %self.row.task_id(), %error, "cannot renew a claim while artifacts are stored");
                }
            }
        };
        let late = |_| Err(ReconcileError::Artifacts(format!("not done within {timeout:?}")));
        tokio::select! {
            done = tokio::time::timeout(timeout, work) => done.unwrap_or_else(late),
            () = renew => Ok(()),
        }
    }
}

fn message_without_build(outcome: Outcome, master: &str) -> String {
    match outcome {
        Outcome::Result(BuildResult::Skipped) => format!(
            "Master {master} collapsed this request into another one, and does not tell into which.\n\
             Its administrator can set `collapseRequests = False` on the builder, so that every task gets its build.\n"
        ),
        Outcome::Result(result) => format!("Master {master} ended the request as {result} without a build.\n"),
        Outcome::Lost => format!("Master {master} does not have this request any more.\n"),
    }
}

fn build_json(build: Option<&Build>, builder: Option<&str>, steps: &[Step]) -> Value {
    let time = |time: Option<Timestamp>| time.map(protocol::time::format);
    let steps: Vec<Value> = steps
        .iter()
        .map(|step| {
            let urls: Map<String, Value> =
                step.urls.iter().map(|(name, url)| (name.clone(), url.clone().into())).collect();
            json!({
                "number": step.number, "name": step.name, "result": step.result, "state": step.state,
                "started": time(step.started), "ended": time(step.ended), "urls": urls,
                "logs": step.logs.iter().map(|log| json!({"name": log.name, "lines": log.lines})).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "builder": builder,
        "build": build.map(|build| json!({
            "id": build.id, "request": build.request, "number": build.number, "worker": build.worker, "url": build.url,
            "result": build.result, "state": build.state, "started": time(Some(build.started)), "ended": time(build.ended),
        })),
        "steps": steps,
    })
}
