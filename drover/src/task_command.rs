//! `drover task`: looks at a task, or acts on it.

use clap::{Args, Subcommand};
use protocol::{id::TaskId, status::TaskStatus};

use crate::{
    client::ServerArgs,
    exit::{Exit, Failure},
    ground::Ground,
    output::Output,
    task_log::{self, LogArgs},
};

#[derive(Debug, Subcommand)]
pub(crate) enum TaskCommand {
    /// Where a task stands, run by run.
    Status(One),
    /// The definition of a task, as JSON.
    Def(One),
    /// What a task wrote; while it runs, what it writes. Before it runs, its log is waited for.
    Log(LogArgs),
    /// End a task, whatever it does.
    Cancel(One),
    /// Run a task once more.
    Rerun(One),
}

#[derive(Debug, Args)]
pub(crate) struct One {
    #[arg(value_name = "TASK_ID")]
    pub(crate) task_id: TaskId,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

pub(crate) async fn run(command: TaskCommand, ground: &Ground, output: &Output) -> Result<Exit, Failure> {
    match command {
        TaskCommand::Status(one) => {
            let status = one.server.connect(ground)?.status(one.task_id).await?;
            show(&status, *output);
        }
        TaskCommand::Def(one) => output.json(&one.server.connect(ground)?.definition(one.task_id).await?),
        TaskCommand::Log(args) => task_log::run(&args, ground).await?,
        TaskCommand::Cancel(one) => show(&one.server.connect(ground)?.act(one.task_id, "cancel").await?, *output),
        TaskCommand::Rerun(one) => show(&one.server.connect(ground)?.act(one.task_id, "rerun").await?, *output),
    }
    Ok(Exit::Ok)
}

fn show(status: &TaskStatus, output: Output) {
    let mut lines = vec![format!("{} {}", status.task_id, status.state)];
    lines.push(format!("  queue {}, group {}", status.task_queue_id, status.task_group_id));
    for run in &status.runs {
        let reason = run.reason_resolved.map(|reason| format!(" ({reason})")).unwrap_or_default();
        let worker = run.worker_id.as_deref().map(|id| format!(" on {id}")).unwrap_or_default();
        lines.push(format!("  run {}: {}{reason}{worker}", run.run_id, run.state));
    }
    output.either(&serde_json::json!({ "status": status }), &lines.join("\n"));
}
