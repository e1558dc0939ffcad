//! `drover pool drain` and `interrupt`: ends workers, after their tasks or in the middle.

use std::time::Duration;

use base::Shutdown;
use chrono::TimeDelta;
use clap::Args;
use protocol::id::TaskId;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{one::One, server::PoolServer};
use crate::{
    exit::{CliError, Exit},
    global::signals,
    output::Output,
    system_context::SystemContext,
};

/// Between two looks whether a worker still has a task.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Longer than any task may run; a worker that is removed needs no quarantine any more.
const QUARANTINE: TimeDelta = TimeDelta::days(5);

#[derive(Debug, Args)]
pub(crate) struct DrainArgs {
    #[command(flatten)]
    one: One,
    /// All workers of this launch config.
    #[arg(long, value_name = "ID", required_unless_present = "worker", conflicts_with = "worker")]
    launch_config: Option<String>,
    /// This worker, as workerGroup/workerId.
    #[arg(long, value_name = "WORKER", value_parser = worker_name)]
    worker: Option<String>,
    /// How many workers begin to drain in a minute, like `10/min`.
    #[arg(long, value_name = "N/min", default_value = "10/min", value_parser = rate)]
    rate: u32,
}

#[derive(Debug, Args)]
pub(crate) struct InterruptArgs {
    #[command(flatten)]
    one: One,
    /// The worker, as workerGroup/workerId.
    #[arg(value_name = "WORKER", value_parser = worker_name)]
    worker: String,
}

pub(super) async fn interrupt(args: &InterruptArgs, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let server = args.one.connect(system)?;
    server.remove_worker(&args.worker).await?;
    let object = json!({ "workerPoolId": args.one.pool, "worker": args.worker });
    output.either(&object, &format!("{} is being ended; its tasks run again elsewhere", args.worker));
    Ok(Exit::Ok)
}

/// Workers that drain take no tasks and are replaced where tasks wait; each is removed once it has none.
pub(super) async fn drain(args: &DrainArgs, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let (server, shutdown) = (args.one.connect(system)?, signals()?);
    let mut waiting = match &args.worker {
        Some(worker) => vec![worker.clone()],
        None => workers_of(&server, args.launch_config.as_deref().unwrap_or_default()).await?,
    };
    // The oldest first.
    waiting.reverse();
    let pause = Duration::from_mins(1) / args.rate;
    let mut drain = Drain { server, system, output, draining: Vec::new(), drained: 0 };
    let mut next = tokio::time::Instant::now();
    while !waiting.is_empty() || !drain.draining.is_empty() {
        if tokio::time::Instant::now() >= next
            && let Some(worker) = waiting.pop()
        {
            drain.begin(worker).await?;
            next += pause;
        }
        drain.remove_idle().await?;
        let until_next = next.saturating_duration_since(tokio::time::Instant::now());
        let wait = if waiting.is_empty() { POLL_INTERVAL } else { until_next.min(POLL_INTERVAL) };
        if drain.is_interrupted(&shutdown, wait).await {
            return Ok(Exit::Interrupted);
        }
    }
    let object = json!({ "workerPoolId": args.one.pool, "drained": drain.drained });
    output.either(&object, &format!("{} workers have been drained", drain.drained));
    Ok(Exit::Ok)
}

struct Drain<'d> {
    server: PoolServer<'d>,
    system: &'d SystemContext,
    output: Output,
    /// In quarantine, and perhaps with a task.
    draining: Vec<String>,
    drained: usize,
}

impl Drain<'_> {
    async fn begin(&mut self, worker: String) -> Result<(), CliError> {
        let until = protocol::time::format(self.system.clock.now() + QUARANTINE);
        // One that has not asked for tasks yet has none.
        if self.server.worker(&worker).await?.is_some() {
            self.server.quarantine(&worker, &until, "is drained").await?;
        }
        self.draining.push(worker);
        Ok(())
    }

    async fn remove_idle(&mut self) -> Result<(), CliError> {
        let mut busy = Vec::new();
        for worker in std::mem::take(&mut self.draining) {
            if self.is_busy(&worker).await? {
                busy.push(worker);
                continue;
            }
            self.server.remove_worker(&worker).await?;
            self.drained += 1;
            if !self.output.is_json() {
                self.output.line(&format!("{worker} is removed"));
            }
        }
        self.draining = busy;
        Ok(())
    }

    async fn is_busy(&self, worker: &str) -> Result<bool, CliError> {
        let Some(seen) = self.server.worker(worker).await? else { return Ok(false) };
        let (group, id) = worker.split_once('/').unwrap_or_default();
        for task in seen["recentTasks"].as_array().into_iter().flatten() {
            let Some(task_id) = task["taskId"].as_str().and_then(|id| id.parse::<TaskId>().ok()) else { continue };
            let status = match self.server.server.status(task_id).await {
                Ok(status) => status,
                Err(error) if error.is_not_found() => continue,
                Err(error) => return Err(error.into()),
            };
            let is_its = |run: &&protocol::status::RunStatus| {
                run.worker_group.as_deref() == Some(group) && run.worker_id.as_deref() == Some(id)
            };
            if status.runs.iter().filter(is_its).any(|run| run.resolved.is_none()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn is_interrupted(&self, shutdown: &Shutdown, wait: Duration) -> bool {
        if self.draining.is_empty() && wait.is_zero() {
            return false;
        }
        tokio::select! {
            () = shutdown.wait() => {
                let left = self.draining.join(", ");
                eprintln!("drover: in quarantine and not removed: {left}");
                true
            }
            () = sleep(wait) => false,
        }
    }
}

/// Those that are not stopped, oldest first.
async fn workers_of(server: &PoolServer<'_>, launch_config: &str) -> Result<Vec<String>, CliError> {
    let mut workers = server.workers(usize::MAX).await?;
    workers.retain(|worker| {
        worker["launchConfigId"] == launch_config && matches!(worker["state"].as_str(), Some("requested" | "running"))
    });
    workers.sort_by(|a, b| a["created"].as_str().cmp(&b["created"].as_str()));
    let name = |worker: &Value| Some(format!("{}/{}", worker["workerGroup"].as_str()?, worker["workerId"].as_str()?));
    Ok(workers.iter().filter_map(name).collect())
}

fn worker_name(text: &str) -> Result<String, String> {
    let is_name = text.split('/').count() == 2 && text.split('/').all(|part| !part.is_empty());
    is_name.then(|| text.to_owned()).ok_or_else(|| "a worker is written as workerGroup/workerId".to_owned())
}

/// Workers a minute.
fn rate(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix("/min").and_then(|number| number.parse().ok());
    number.filter(|number| *number > 0).ok_or_else(|| "a rate is written as `10/min`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_a_minute() {
        assert_eq!(rate("10/min"), Ok(10));
        for text in ["", "10", "0/min", "-1/min", "10/s"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }
}
