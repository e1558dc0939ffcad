//! What a run leaves behind.

use std::time::Duration;

use db::bridge::{BridgeState, Wanted};
use serde_json::{Map, Value, json};

use super::{Hitch, Step};
use crate::{
    decide::Ended,
    driver::{Build, BuildId, BuildResult, MasterDriver, Step as BuildStep},
    logs::Job,
    payload::Payload,
    queue::Standing,
    shelf::Shelf,
};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
const LIVE_LOG: &str = "public/logs/live.log";
const BACKING_LOG: &str = "public/logs/live_backing.log";
/// How long a run that is over anyway is held up for its files.
const RESCUE: Duration = Duration::from_mins(1);

impl Step<'_> {
    fn shelf(&self) -> Shelf {
        Shelf {
            artifacts: self.master.artifacts.clone(),
            task_id: self.row.task_id(),
            run_id: self.row.run_id,
            expires: self.row.expires,
        }
    }

    fn job(&self) -> Option<Job> {
        let build = self.row.build_id.map(BuildId)?;
        Some(Job { shelf: self.shelf(), build })
    }

    /// Words of the bridge itself, where there is no log of a build.
    pub(super) async fn put_words(&self, words: String) -> Result<(), Hitch> {
        let place = self.shelf();
        place.put_text(BACKING_LOG, TEXT, words).await?;
        Ok(place.link(LIVE_LOG, BACKING_LOG, TEXT).await?)
    }

    /// Lets people see the log of a build that runs, if the task wants it.
    pub(super) async fn show_logs(&self) {
        let runs = self.row.state == BridgeState::Running && self.row.wanted == Wanted::Run;
        let Some(job) = self.job().filter(|job| runs && !self.master.is_shown(Some(job.build.0))) else { return };
        let Ok(task) = self.master.queue.definition(self.row.task_id()).await else { return };
        self.master.shown().insert(job.build.0);
        if Payload::read(&task.payload, &[]).is_ok_and(|payload| payload.logs) {
            self.master.logs.follow(&job);
        }
    }

    async fn holds_run(&self) -> Result<bool, Hitch> {
        let standing = self.master.queue.standing(self.row.task_id(), self.row.run_id).await?;
        Ok(matches!(standing, Standing::Ours(_)))
    }

    /// Stores everything, trying for a while; then the run ends without.
    pub(super) async fn store_files(&mut self, ended: Ended, payload: Option<&Payload>) -> Result<(), Hitch> {
        let grace = self.master.rules.settings.artifacts_grace;
        let last = self.row.ended.unwrap_or(self.row.created) + grace.delta();
        let (logs, properties) = payload.map_or((true, true), |payload| (payload.logs, payload.publish_properties));
        // What stands under the number of a lost build is another's.
        let build = self.row.build_id.map(BuildId).filter(|_| ended != Ended::Lost);
        let stored = match build {
            Some(build) => {
                // Boxed: it is large, and would be a part of every step.
                let copy = Box::pin(self.copy(build, logs, properties));
                self.while_claimed(grace.duration(), copy).await
            }
            None => self.put_words(words_without_build(ended, self.master.name())).await,
        };
        match stored {
            // Resolved, by this bridge before a crash or by others: what the run has is final, and the report finds out.
            Err(_) if !self.holds_run().await? => Ok(()),
            Err(error) if self.master.now() < last => Err(error),
            Err(error) => {
                let (task, master) = (self.row.task_id(), self.master.name());
                tracing::error!(task.id = %task, master, %error, "a task ends without the files of its build");
                let words = format!("Logs and files of the build could not be stored: {error}\n");
                if let Err(error) = self.shelf().put_text("public/logs/missing.log", TEXT, words).await {
                    tracing::warn!(task.id = %task, master, %error, "the task cannot tell why its files are missing");
                }
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// What a cancelled build has left so far is of use; that it cannot be stored is no reason to wait.
    pub(super) async fn rescue_files(&self) {
        let Some(build) = self.row.build_id.map(BuildId).filter(|_| self.row.taken_until.is_some()) else { return };
        if self.master.driver.is_out() || self.row.lost {
            return;
        }
        let copied = tokio::time::timeout(RESCUE, self.copy(build, true, true)).await;
        if let Ok(Err(error)) = copied {
            tracing::debug!(task.id = %self.row.task_id(), %error, "files of a cancelled build were not stored");
        }
    }

    async fn copy(&self, build: BuildId, logs: bool, properties: bool) -> Result<(), Hitch> {
        let driver = &self.master.driver;
        let steps = driver.steps(build).await?;
        let found = match self.build() {
            Some(found) => Some(found.clone()),
            None => self.read_build(build).await?,
        };
        let place = self.shelf();
        let text = build_json(found.as_ref(), self.row.builder.as_deref(), &steps);
        place.put_text("public/build.json", JSON, text.to_string()).await?;
        if properties {
            let all = driver.properties(build).await?;
            let public = all.into_iter().filter(|(name, _)| self.master.rules.publishes(name));
            let public: Map<String, Value> = public.map(|(name, property)| (name, property.value)).collect();
            place.put_text("public/properties.json", JSON, Value::Object(public).to_string()).await?;
        }
        if let Some(job) = self.job().filter(|_| logs) {
            self.master.logs.finish(&job, &steps).await?;
            place.link(LIVE_LOG, BACKING_LOG, TEXT).await?;
        }
        Ok(())
    }

    async fn read_build(&self, build: BuildId) -> Result<Option<Build>, Hitch> {
        let Some(request) = self.row.request_id.map(crate::driver::RequestId) else { return Ok(None) };
        let builds = self.master.driver.builds(request).await?;
        Ok(builds.into_iter().find(|found| found.id == build))
    }

    /// Long copies must not cost the claim.
    async fn while_claimed(&self, most: Duration, work: impl Future<Output = Result<(), Hitch>>) -> Result<(), Hitch> {
        let half = self.row.reclaim_at.map_or(most, |at| (at - self.master.now()).to_std().unwrap_or_default());
        let every = half.max(Duration::from_secs(1));
        let keep = async {
            loop {
                tokio::time::sleep(every).await;
                if let Err(error) = self.master.queue.reclaim(self.row.task_id(), self.row.run_id).await {
                    tracing::warn!(task.id = %self.row.task_id(), %error, "a claim is not extended while files are copied");
                }
            }
        };
        tokio::select! {
            done = tokio::time::timeout(most, work) => done.unwrap_or_else(|_| Err(Hitch::Files(format!("not done within {most:?}")))),
            () = keep => Ok(()),
        }
    }
}

fn words_without_build(ended: Ended, master: &str) -> String {
    match ended {
        Ended::With(BuildResult::Skipped) => format!(
            "Master {master} collapsed this request into another one, and does not tell into which.\n\
             Its administrator can set `collapseRequests = False` on the builder, so that every task gets its build.\n"
        ),
        Ended::With(result) => format!("Master {master} ended the request as {result} without a build.\n"),
        Ended::Lost => format!("Master {master} does not have this request any more.\n"),
    }
}

fn build_json(build: Option<&Build>, builder: Option<&str>, steps: &[BuildStep]) -> Value {
    let time = |time: Option<protocol::time::Timestamp>| time.map(protocol::time::format);
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
