//! `drover artifact list`: the artifacts of a run.

use clap::Args;
use protocol::id::{RunId, TaskId};
use serde::{Deserialize, Serialize};

use crate::{
    client::{Server, ServerArgs},
    exit::{CliError, Exit},
    ids::{self, Given},
    output::Output,
    system_context::SystemContext,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  drover artifact list $TASK_ID
  drover artifact list $TASK_ID --run 0 -o json

Each row is the type, when it expires and the name. It needs the scope queue:list-artifacts:TASK_ID.")]
pub(crate) struct ListArgs {
    /// The task, by its id, the first 6 or more letters of it, or the address of its page.
    #[arg(value_name = "TASK_ID", value_parser = ids::task_id)]
    task_id: Given<TaskId>,
    /// The run [default: the latest].
    #[arg(long, value_name = "NUMBER")]
    run: Option<RunId>,
    #[command(flatten)]
    server: ServerArgs,
}

/// As the queue lists it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    name: String,
    storage_type: String,
    content_type: String,
    expires: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    artifacts: Vec<Artifact>,
    continuation_token: Option<String>,
}

/// A row, or an object, for each.
pub(crate) async fn run(args: ListArgs, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let server = args.server.connect(system)?;
    let task_id = args.task_id.task(&server).await?;
    let artifacts = artifacts(&server, task_id, args.run).await?;
    if output.is_json() {
        for artifact in &artifacts {
            output.json(artifact);
        }
    } else {
        let rows = artifacts.into_iter().map(|it| [it.content_type, it.expires, it.name]);
        output.table(["TYPE", "EXPIRES", "NAME"], rows);
    }
    Ok(Exit::Ok)
}

async fn artifacts(server: &Server, task_id: TaskId, run: Option<RunId>) -> Result<Vec<Artifact>, CliError> {
    let run = run.map(|run_id| format!("/runs/{run_id}")).unwrap_or_default();
    let (mut all, mut query) = (Vec::new(), String::new());
    loop {
        let page: Page = server.0.get(&format!("queue/v1/task/{task_id}{run}/artifacts{query}")).await?;
        all.extend(page.artifacts);
        let Some(token) = page.continuation_token else { return Ok(all) };
        query = format!("?continuationToken={}", worker::client::segment(&token));
    }
}
