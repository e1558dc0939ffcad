//! `drover task`: shows a task, or acts on it.

use clap::Subcommand;
use protocol::{
    id::TaskId,
    status::{RunStatus, TaskStatus},
    time::{self, Timestamp},
};

use crate::{
    client::Server,
    exit::{CliError, Exit},
    one_task::One,
    output::{Output, columns},
    system_context::SystemContext,
    task_log::{self, LogArgs},
    task_shell::{self, ShellArgs},
};

#[derive(Debug, Subcommand)]
pub(crate) enum TaskCommand {
    /// The state of a task and of each of its runs, with times.
    #[command(
        after_help = "Examples:\n  drover task status $TASK_ID\n  drover task status https://ci.example.com/tasks/$TASK_ID"
    )]
    Status(One),
    /// The definition of a task, as JSON.
    #[command(after_help = "Examples:\n  drover task def $TASK_ID\n  drover task def $TASK_ID | jq .payload")]
    Def(One),
    /// The log of a task, followed while it runs. Waits for the log of a task that has none yet.
    Log(LogArgs),
    /// Open a shell in a running task.
    Shell(ShellArgs),
    /// Cancel a task, whatever its state.
    #[command(
        after_help = "Examples:\n  drover task cancel $TASK_ID\n\nA resolved task stays as it is; the command says so."
    )]
    Cancel(One),
    /// Run a task once more.
    #[command(after_help = "Examples:\n  drover task rerun $TASK_ID")]
    Rerun(One),
}

pub(crate) async fn run(command: TaskCommand, system: &SystemContext, output: &Output) -> Result<Exit, CliError> {
    match command {
        TaskCommand::Status(one) => {
            let (server, task_id) = one.connect(system).await?;
            let status = server.status(task_id).await?;
            let name = name(&server, task_id).await;
            show(&status, name.as_deref(), system.clock.now(), *output);
        }
        TaskCommand::Def(one) => {
            let (server, task_id) = one.connect(system).await?;
            output.json(&server.definition(task_id).await?);
        }
        TaskCommand::Log(args) => task_log::run(args, system).await?,
        TaskCommand::Shell(args) => return task_shell::run(args, system).await,
        TaskCommand::Cancel(one) => cancel(one, system, *output).await?,
        TaskCommand::Rerun(one) => {
            let (server, task_id) = one.connect(system).await?;
            let status = server.act(task_id, "rerun").await?;
            show(&status, None, system.clock.now(), *output);
        }
    }
    Ok(Exit::Ok)
}

/// The queue does not change a resolved task and answers as if it had, so the status is read before.
async fn cancel(one: One, system: &SystemContext, output: Output) -> Result<(), CliError> {
    let (server, task_id) = one.connect(system).await?;
    // A client that may cancel may lack the scope to read.
    let before = server.status(task_id).await.ok();
    let after = server.act(task_id, "cancel").await?;
    let changed = before.is_none_or(|before| before != after);
    if changed || output.is_json() {
        show(&after, None, system.clock.now(), output);
    } else {
        output.line(&format!("{} was {} already; nothing changed", after.task_id, after.state));
    }
    Ok(())
}

/// `None` also where the client may read the status but not the definition.
async fn name(server: &Server, task_id: TaskId) -> Option<String> {
    let definition = server.definition(task_id).await.ok()?;
    Some(definition["metadata"]["name"].as_str()?.to_owned())
}

fn show(status: &TaskStatus, name: Option<&str>, now: Timestamp, output: Output) {
    let mut object = serde_json::json!({ "status": status });
    if let Some(name) = name {
        object["name"] = name.into();
    }
    output.either(&object, &describe(status, name, now));
}

fn describe(status: &TaskStatus, name: Option<&str>, now: Timestamp) -> String {
    let name = name.map(|name| format!(" {name}")).unwrap_or_default();
    let mut lines = vec![format!("{} {}{name}", status.task_id, status.state)];
    lines.push(format!("  queue {}, group {}", status.task_queue_id, status.task_group_id));
    if !status.state.is_resolved() {
        lines.push(format!("  deadline {}", time::format(status.deadline)));
    }
    let runs = columns(None, status.runs.iter().map(|run| row(run, now)));
    lines.extend(runs.lines().map(|run| format!("  {run}")));
    lines.join("\n")
}

/// A run: its state, where and when.
fn row(run: &RunStatus, now: Timestamp) -> [String; 3] {
    let reason = run.reason_resolved.map(|reason| format!(" ({reason})")).unwrap_or_default();
    let worker = run.worker_id.as_deref().map(|id| format!(" on {id}")).unwrap_or_default();
    let when = match (run.started, run.resolved) {
        (Some(started), Some(resolved)) => {
            format!("{} to {}, {}", time::format(started), time::format(resolved), took(started, resolved))
        }
        (Some(started), None) => format!("since {}, {} so far", time::format(started), took(started, now)),
        (None, Some(resolved)) => format!("never started, resolved {}", time::format(resolved)),
        (None, None) => format!("pending since {}, {}", time::format(run.scheduled), took(run.scheduled, now)),
    };
    [format!("run {}:", run.run_id), format!("{}{reason}{worker}", run.state), when]
}

fn took(from: Timestamp, to: Timestamp) -> String {
    let seconds = (to - from).num_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_status_shows_each_run_with_its_times() {
        let run = |run_id: u8, state: &str, more: serde_json::Value| {
            let mut run = json!({
                "runId": run_id, "state": state, "reasonCreated": "retry", "scheduled": "2026-01-01T12:00:00.000Z",
            });
            run.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            run
        };
        let started = "2026-01-01T13:00:00.000Z";
        let status = serde_json::from_value(json!({
            "taskId": "fN1SbArXTPSVFNUvaOlinQ", "taskGroupId": "HWnjQeg4TBivA1GNBkvz5A", "taskQueueId": "local/worker",
            "provisionerId": "local", "workerType": "worker", "schedulerId": "-", "projectId": "none",
            "state": "pending", "retriesLeft": 3, "priority": "lowest",
            "deadline": "2026-01-02T12:00:00.000Z", "expires": "2026-02-01T12:00:00.000Z",
            "runs": [
                run(0, "exception", json!({ "reasonResolved": "canceled", "resolved": "2026-01-01T12:30:00.000Z" })),
                run(1, "failed", json!({
                    "reasonResolved": "failed", "workerId": "w1", "workerGroup": "g", "started": started,
                    "resolved": "2026-01-01T13:00:09.000Z",
                })),
                run(2, "running", json!({ "workerId": "worker-2", "workerGroup": "g", "started": started })),
                run(3, "pending", json!({})),
            ],
        }));
        let now = time::parse("2026-01-01T13:02:05Z").unwrap();
        expect![[r#"
            fN1SbArXTPSVFNUvaOlinQ pending build
              queue local/worker, group HWnjQeg4TBivA1GNBkvz5A
              deadline 2026-01-02T12:00:00.000Z
              run 0:  exception (canceled)   never started, resolved 2026-01-01T12:30:00.000Z
              run 1:  failed (failed) on w1  2026-01-01T13:00:00.000Z to 2026-01-01T13:00:09.000Z, 9 s
              run 2:  running on worker-2    since 2026-01-01T13:00:00.000Z, 2 min 5 s so far
              run 3:  pending                pending since 2026-01-01T12:00:00.000Z, 1 h 2 min"#]]
        .assert_eq(&describe(&status.unwrap(), Some("build"), now));
    }
}
