//! `drover pool test-image`: a launch config is set only after a machine of it has run a task.

use std::{fs, path::PathBuf, time::Duration};

use base::{ConfigDuration, Shutdown};
use chrono::TimeDelta;
use clap::Args;
use protocol::{id::TaskId, state::TaskState, status::TaskStatus, time};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{one::One, server::PoolServer};
use crate::{
    exit::{CliError, Exit},
    global::signals,
    output::Output,
    system_context::SystemContext,
};

const POLL_INTERVAL: Duration = Duration::from_secs(2);
const EXPIRES: TimeDelta = TimeDelta::days(7);

#[derive(Debug, Args)]
pub(crate) struct TestImageArgs {
    #[command(flatten)]
    one: One,
    /// The launch config to try, as YAML or JSON.
    #[arg(long, value_name = "FILE")]
    launch_config: PathBuf,
    /// The payload of the task that the machine has to complete, as YAML or JSON [default: one that runs `true`].
    #[arg(long, value_name = "FILE")]
    payload: Option<PathBuf>,
    /// The launch config that it takes the place of [default: all].
    #[arg(long, value_name = "ID")]
    replace: Option<String>,
    /// How long the machine and its task may take.
    #[arg(long, value_name = "DURATION", default_value = "30m")]
    timeout: ConfigDuration,
    /// Only try it.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(args: &TestImageArgs, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let (candidate, payload) = (read(&args.launch_config)?, args.payload.as_ref().map(read).transpose()?);
    let (server, shutdown) = (args.one.connect(system)?, signals()?);
    let pool = server.get().await?;
    let after = replaced(&pool, &candidate, args.replace.as_deref())?;
    let trial_id = trial_pool(&args.one.pool, system);
    let trial = Trial { server: PoolServer::new(server.server.clone(), &trial_id), system, shutdown: &shutdown };
    trial.server.create(&trial_definition(&pool, &candidate)).await?;
    let payload = payload.unwrap_or_else(|| json!({ "command": [["true"]], "maxRunTime": 600 }));
    let ran = trial.task(&payload, args.timeout.duration()).await;
    let errors = trial.server.errors(5).await.unwrap_or_default();
    // Whatever came of it, its machine goes.
    trial.server.delete().await?;
    let status = ran?;
    if status.as_ref().is_none_or(|status| status.state != TaskState::Completed) {
        return Err(failed(status.as_ref(), &errors));
    }
    if args.dry_run {
        output
            .either(&json!({ "completed": true, "set": false }), "its machine completed the task; nothing was changed");
        return Ok(Exit::Ok);
    }
    server.update(&after).await?;
    let done = format!("its machine completed the task, and {} has the launch config", args.one.pool);
    output.either(&json!({ "completed": true, "set": true }), &done);
    Ok(Exit::Ok)
}

struct Trial<'t> {
    server: PoolServer<'t>,
    system: &'t SystemContext,
    shutdown: &'t Shutdown,
}

impl Trial<'_> {
    /// Its last status, or `None` where it was interrupted.
    async fn task(&self, payload: &Value, timeout: Duration) -> Result<Option<TaskStatus>, CliError> {
        let task_id = TaskId::from_random(self.system.rng.uuid_bytes());
        let (now, deadline) = (self.system.clock.now(), Instant::now() + timeout);
        let runs_until = now + TimeDelta::from_std(timeout).unwrap_or(EXPIRES).min(EXPIRES);
        let definition = json!({
            "taskQueueId": self.server.pool, "schedulerId": "-", "created": time::format(now),
            "deadline": time::format(runs_until), "expires": time::format(now + EXPIRES), "payload": payload, "retries": 0,
            "metadata": {
                "name": "test-image", "description": "Tries a launch config.", "owner": "nobody@example.com",
                "source": "https://example.com",
            },
        });
        let client = &self.server.server;
        client.0.call::<Value>(Method::PUT, &format!("queue/v1/task/{task_id}"), Some(&definition)).await?;
        loop {
            let status = client.status(task_id).await?;
            if status.state.is_resolved() || Instant::now() >= deadline {
                return Ok(Some(status));
            }
            tokio::select! {
                () = self.shutdown.wait() => {
                    client.act(task_id, "cancel").await?;
                    return Ok(None);
                }
                () = sleep(POLL_INTERVAL) => {}
            }
        }
    }
}

fn failed(status: Option<&TaskStatus>, errors: &[Value]) -> CliError {
    let Some(status) = status else { return CliError::new(Exit::Interrupted, "nothing was changed") };
    let what = match status.state {
        TaskState::Pending => "no machine of it took the task in time".to_owned(),
        TaskState::Running => "its machine did not complete the task in time".to_owned(),
        state => format!("its machine took the task, which is {state}: drover task log {}", status.task_id),
    };
    let errors = errors.iter().filter_map(|error| error["description"].as_str());
    let lines: Vec<&str> = std::iter::once("").chain(errors).collect();
    CliError::new(Exit::Failed, format!("{what}; nothing was changed{}", lines.join("\n  ")))
}

/// Beside the pool, for one machine of the candidate.
fn trial_pool(pool: &str, system: &SystemContext) -> String {
    let provisioner = pool.split_once('/').map_or(pool, |(provisioner, _)| provisioner);
    format!("{provisioner}/test-image-{:08x}", system.rng.range(0..1 << 32))
}

fn trial_definition(pool: &Value, candidate: &Value) -> Value {
    let manager = &candidate["workerManager"]["capacityPerInstance"];
    let capacity = manager.as_u64().or_else(|| candidate["capacityPerInstance"].as_u64()).unwrap_or(1);
    let mut config = json!({ "minCapacity": 0, "maxCapacity": capacity, "launchConfigs": [candidate] });
    if let Some(lifecycle) = pool["config"].get("lifecycle") {
        config["lifecycle"] = lifecycle.clone();
    }
    json!({
        "providerId": pool["providerId"], "description": "Tries a launch config.", "owner": pool["owner"],
        "emailOnError": false, "config": config,
    })
}

/// The pool with the candidate in the place of one launch config, or of all.
fn replaced(pool: &Value, candidate: &Value, replace: Option<&str>) -> Result<Value, CliError> {
    let mut config = pool["config"].clone();
    let Some(launch_configs) = config["launchConfigs"].as_array_mut() else {
        return Err(CliError::new(Exit::Usage, "the worker pool has no launch configs: its provider launches nothing"));
    };
    match replace {
        None => *launch_configs = vec![candidate.clone()],
        Some(id) => {
            let place = launch_configs.iter_mut().find(|config| config["workerManager"]["launchConfigId"] == id);
            let place = place.ok_or_else(|| {
                let words =
                    format!("no launch config of the pool has the launchConfigId `{id}` in its `workerManager`");
                CliError::new(Exit::Usage, words)
            })?;
            *place = candidate.clone();
        }
    }
    Ok(json!({
        "providerId": pool["providerId"], "description": pool["description"], "owner": pool["owner"],
        "emailOnError": pool["emailOnError"], "config": config,
    }))
}

fn read(path: &PathBuf) -> Result<Value, CliError> {
    let wrong = |words: String| CliError::new(Exit::Usage, format!("{}: {words}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    // JSON is YAML.
    serde_saphyr::from_str(&text).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_takes_the_place_of_all_or_of_the_named_one() {
        let named = |id: &str| json!({ "workerManager": { "launchConfigId": id } });
        let pool =
            json!({ "providerId": "aws", "config": { "maxCapacity": 3, "launchConfigs": [named("a"), named("b")] } });
        let new = json!({ "region": "r" });
        let all = replaced(&pool, &new, None).unwrap();
        assert_eq!(all["config"], json!({ "maxCapacity": 3, "launchConfigs": [new] }));
        let one = replaced(&pool, &new, Some("b")).unwrap();
        assert_eq!(one["config"]["launchConfigs"], json!([named("a"), new]));
        assert!(replaced(&pool, &new, Some("c")).is_err());
        assert!(replaced(&json!({ "config": {} }), &new, None).is_err());
    }

    #[test]
    fn a_trial_is_one_machine() {
        let pool =
            json!({ "providerId": "aws", "owner": "o", "config": { "lifecycle": { "registrationTimeout": 60 } } });
        let trial = trial_definition(&pool, &json!({ "capacityPerInstance": 4 }));
        assert_eq!(trial["config"]["maxCapacity"], 4);
        assert_eq!(trial["config"]["lifecycle"], json!({ "registrationTimeout": 60 }));
    }
}
