//! `drover task log`: the log of a task, followed while it runs.

use std::{io::Write, time::Duration};

use clap::Args;
use protocol::{
    id::TaskId,
    state::TaskState,
    status::{RunStatus, TaskStatus},
};
use reqwest::Response;
use worker::client::{ClientError, next_piece};

use crate::{
    client::Server,
    exit::{CliError, Exit},
    one_task::One,
    system_context::SystemContext,
};

/// Between two requests for a log that does not exist yet.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  drover task log $TASK_ID\n  drover task log $TASK_ID --no-wait > log.txt")]
pub(crate) struct LogArgs {
    #[command(flatten)]
    one: One,
    /// The artifact to print.
    #[arg(long, value_name = "NAME", default_value = "public/logs/live.log")]
    artifact: String,
    /// Wait for the log of a task that has none yet, and follow it to its end. This is the default.
    #[arg(long, short, conflicts_with = "no_wait")]
    follow: bool,
    /// Fail at once where there is no log yet.
    #[arg(long)]
    no_wait: bool,
}

pub(crate) async fn run(args: LogArgs, system: &SystemContext) -> Result<(), CliError> {
    let (server, task_id) = args.one.connect(system).await?;
    let waits = args.follow || !args.no_wait;
    let response = if waits {
        Wait { server: &server, task_id, artifact: &args.artifact }.log().await?
    } else {
        server.0.open_artifact(task_id, &args.artifact).await?
    };
    copy(response).await
}

/// Copies the bytes as they come: a log may hold anything.
async fn copy(mut response: Response) -> Result<(), CliError> {
    while let Some(piece) = next_piece(&mut response).await? {
        let mut out = std::io::stdout().lock();
        if out.write_all(&piece).and_then(|()| out.flush()).is_err() {
            // The reader has closed the pipe.
            break;
        }
    }
    Ok(())
}

/// Waits until a task has a log, or is resolved without one.
struct Wait<'a> {
    server: &'a Server,
    task_id: TaskId,
    artifact: &'a str,
}

impl Wait<'_> {
    async fn log(&self) -> Result<Response, CliError> {
        let (mut last_message, mut is_over) = (String::new(), false);
        loop {
            let missing = match self.server.0.open_artifact(self.task_id, self.artifact).await {
                Err(error) if error.is_not_found() => error,
                settled => return Ok(settled?),
            };
            // A client that may read logs may lack the scope to read the status: then it cannot wait.
            let status = match self.server.status(self.task_id).await {
                Err(ClientError::Refused { .. }) => return Err(missing.into()),
                settled => settled?,
            };
            if is_over && status.state.is_resolved() {
                return Err(self.no_log(&status));
            }
            // A log that was created between the two requests is found by one more request.
            is_over = status.state.is_resolved();
            let message = self.waiting_for(&status);
            if !is_over && message != last_message {
                eprintln!("drover: {message}");
                last_message = message;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What the command waits for.
    fn waiting_for(&self, status: &TaskStatus) -> String {
        let Self { task_id, artifact, .. } = self;
        match status.state {
            TaskState::Unscheduled => format!(
                "task {task_id} waits for its dependencies, and has no log before it runs; which ones: drover explain task {task_id}"
            ),
            TaskState::Pending => format!(
                "task {task_id} waits for a worker of {}, and has no log before it runs; why so long: drover explain task {task_id}",
                status.task_queue_id
            ),
            _ => {
                let worker = status.runs.last().and_then(|run| run.worker_id.as_deref()).unwrap_or("a worker");
                format!("task {task_id} runs on {worker}; waiting for its artifact {artifact}")
            }
        }
    }

    fn no_log(&self, status: &TaskStatus) -> CliError {
        let Self { task_id, artifact, .. } = self;
        let reason = status.runs.last().and_then(|run: &RunStatus| run.reason_resolved);
        let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        let message = format!(
            "task {task_id} is over, {}{reason}, and its last run left no artifact {artifact}; why: drover explain task {task_id}",
            status.state
        );
        CliError::new(Exit::Refused, message)
    }
}
