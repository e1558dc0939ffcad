//! `drover pool errors`, `workers` and `launches`.

use clap::Args;
use serde_json::Value;

use super::{one::One, why::short_time};
use crate::{
    exit::{CliError, Exit},
    output::Output,
    system_context::SystemContext,
};

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    #[command(flatten)]
    one: One,
    /// How many at most.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

pub(super) async fn errors(args: &HistoryArgs, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let errors = args.one.connect(system)?.errors(args.limit).await?;
    let row = |error: &Value| {
        let description = text(error, "description").replace('\n', " ");
        [
            short_time(text(error, "reported")),
            text(error, "kind").to_owned(),
            or_dash(error, "launchConfigId"),
            description,
        ]
    };
    print(&errors, ["REPORTED", "KIND", "LAUNCH CONFIG", "DESCRIPTION"], row, output);
    Ok(Exit::Ok)
}

pub(super) async fn workers(args: &HistoryArgs, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let workers = args.one.connect(system)?.workers(args.limit).await?;
    let row = |worker: &Value| {
        let name = format!("{}/{}", text(worker, "workerGroup"), text(worker, "workerId"));
        let created = short_time(text(worker, "created"));
        [name, text(worker, "state").to_owned(), or_dash(worker, "launchConfigId"), created]
    };
    print(&workers, ["WORKER", "STATE", "LAUNCH CONFIG", "CREATED"], row, output);
    Ok(Exit::Ok)
}

pub(super) async fn launches(args: &HistoryArgs, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let launches = args.one.connect(system)?.launches(args.limit).await?;
    let row = |launch: &Value| {
        [
            short_time(text(launch, "created")),
            text(launch, "launchConfigId").to_owned(),
            text(launch, "region").to_owned(),
            launch["instances"].to_string(),
            text(launch, "state").to_owned(),
            or_dash(launch, "result").replace('\n', " "),
        ]
    };
    print(&launches, ["DECIDED", "LAUNCH CONFIG", "REGION", "MACHINES", "STATE", "RESULT"], row, output);
    Ok(Exit::Ok)
}

fn print<const N: usize>(rows: &[Value], header: [&str; N], row: impl Fn(&Value) -> [String; N], output: Output) {
    if output.is_json() {
        for row in rows {
            output.json(row);
        }
    } else {
        output.table(header, rows.iter().map(row));
    }
}

fn text<'v>(row: &'v Value, name: &str) -> &'v str {
    row[name].as_str().unwrap_or_default()
}

fn or_dash(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or("-").to_owned()
}
