//! `drover task`: looks at a task, or acts on it.

use clap::{Args, Subcommand};
use protocol::{
    id::TaskId,
    status::{RunStatus, TaskStatus},
    time::{self, Timestamp},
};

use crate::{
    client::{Server, ServerArgs},
    exit::{CliError, Exit},
    ids,
    output::Output,
    system_context::SystemContext,
    task_log::{self, LogArgs},
};

#[derive(Debug, Subcommand)]
pub(crate) enum TaskCommand {
    /// Where a task stands, run by run, and when that was.
    #[command(
        after_help = "Examples:\n  drover task status $TASK_ID\n  drover task status https://ci.example.com/tasks/$TASK_ID"
    )]
    Status(One),
    /// The definition of a task, as JSON.
    #[command(after_help = "Examples:\n  drover task def $TASK_ID\n  drover task def $TASK_ID | jq .payload")]
    Def(One),
    /// What a task wrote; while it runs, what it writes. Before it runs, its log is waited for.
    Log(LogArgs),
    /// End a task, whatever it does.
    #[command(
        after_help = "Examples:\n  drover task cancel $TASK_ID\n\nA task that has ended stays as it is, and that is said."
    )]
    Cancel(One),
    /// Run a task once more.
    #[command(after_help = "Examples:\n  drover task rerun $TASK_ID")]
    Rerun(One),
}

#[derive(Debug, Args)]
pub(crate) struct One {
    /// The task, by its id or the address of its page.
    #[arg(value_name = "TASK_ID", value_parser = ids::task_id)]
    pub(crate) task_id: TaskId,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

pub(crate) async fn run(command: TaskCommand, system: &SystemContext, output: &Output) -> Result<Exit, CliError> {
    match command {
        TaskCommand::Status(one) => {
            let server = one.server.connect(system)?;
            let status = server.status(one.task_id).await?;
            let name = name(&server, one.task_id).await;
            show(&status, name.as_deref(), system.clock.now(), *output);
        }
        TaskCommand::Def(one) => output.json(&one.server.connect(system)?.definition(one.task_id).await?),
        TaskCommand::Log(args) => task_log::run(&args, system).await?,
        TaskCommand::Cancel(one) => cancel(&one, system, *output).await?,
        TaskCommand::Rerun(one) => {
            let status = one.server.connect(system)?.act(one.task_id, "rerun").await?;
            show(&status, None, system.clock.now(), *output);
        }
    }
    Ok(Exit::Ok)
}

/// A task that has ended is left alone by the queue, which says nothing of it: so it is looked at before.
async fn cancel(one: &One, system: &SystemContext, output: Output) -> Result<(), CliError> {
    let server = one.server.connect(system)?;
    // Who may cancel need not be allowed to look.
    let before = server.status(one.task_id).await.ok();
    let after = server.act(one.task_id, "cancel").await?;
    let changed = before.is_none_or(|before| before != after);
    if changed || output.is_json() {
        show(&after, None, system.clock.now(), output);
    } else {
        output.line(&format!("{} was {} already; nothing changed", after.task_id, after.state));
    }
    Ok(())
}

/// Who may see a task's status may not always see its definition.
async fn name(server: &Server, task_id: TaskId) -> Option<String> {
    let definition = server.definition(task_id).await.ok()?;
    Some(definition["metadata"]["name"].as_str()?.to_owned())
}

fn show(status: &TaskStatus, name: Option<&str>, now: Timestamp, output: Output) {
    let name_shown = name.map(|name| format!(" {name}")).unwrap_or_default();
    let mut lines = vec![format!("{} {}{name_shown}", status.task_id, status.state)];
    lines.push(format!("  queue {}, group {}", status.task_queue_id, status.task_group_id));
    if !status.state.is_resolved() {
        lines.push(format!("  deadline {}", time::format(status.deadline)));
    }
    lines.extend(status.runs.iter().map(|run| described(run, now)));
    let mut object = serde_json::json!({ "status": status });
    if let Some(name) = name {
        object["name"] = name.into();
    }
    output.either(&object, &lines.join("\n"));
}

/// What became of a run, where, and when.
fn described(run: &RunStatus, now: Timestamp) -> String {
    let reason = run.reason_resolved.map(|reason| format!(" ({reason})")).unwrap_or_default();
    let worker = run.worker_id.as_deref().map(|id| format!(" on {id}")).unwrap_or_default();
    let when = match (run.started, run.resolved) {
        (Some(started), Some(resolved)) => {
            format!("{} to {}, {}", time::format(started), time::format(resolved), took(started, resolved))
        }
        (Some(started), None) => format!("since {}, {} so far", time::format(started), took(started, now)),
        (None, Some(resolved)) => format!("never begun, ended {}", time::format(resolved)),
        (None, None) => {
            format!("waiting since {}, {}", time::format(run.scheduled), took(run.scheduled, now))
        }
    };
    format!("  run {}: {}{reason}{worker}; {when}", run.run_id, run.state)
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
    use protocol::state::{ReasonCreated, ReasonResolved, TaskState};

    use super::*;

    fn at(text: &str) -> Timestamp {
        time::parse(text).unwrap()
    }

    #[test]
    fn a_run_is_described_with_its_times() {
        let mut run = RunStatus {
            run_id: 0,
            state: TaskState::Pending,
            reason_created: ReasonCreated::Scheduled,
            reason_resolved: None,
            worker_group: None,
            worker_id: None,
            taken_until: None,
            scheduled: at("2026-01-01T12:00:00Z"),
            started: None,
            resolved: None,
        };
        let now = at("2026-01-01T13:02:05Z");
        assert_eq!(described(&run, now), "  run 0: pending; waiting since 2026-01-01T12:00:00.000Z, 1 h 2 min");
        run.started = Some(at("2026-01-01T13:00:00Z"));
        run.worker_id = Some("w".to_owned());
        run.state = TaskState::Running;
        assert!(described(&run, now).ends_with("running on w; since 2026-01-01T13:00:00.000Z, 2 min 5 s so far"));
        run.resolved = Some(at("2026-01-01T13:00:09Z"));
        run.reason_resolved = Some(ReasonResolved::Completed);
        assert!(described(&run, now).ends_with("13:00:00.000Z to 2026-01-01T13:00:09.000Z, 9 s"));
    }
}
