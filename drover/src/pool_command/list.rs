//! `drover pool list`.

use serde_json::Value;

use super::server;
use crate::{
    client::ServerArgs,
    exit::{CliError, Exit},
    output::Output,
    system_context::SystemContext,
};

pub(super) async fn run(args: &ServerArgs, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let pools = server::pools(&args.connect(system)?).await?;
    if output.is_json() {
        for pool in &pools {
            output.json(pool);
        }
        return Ok(Exit::Ok);
    }
    output.table(["POOL", "PROVIDER", "RUNNING", "REQUESTED", "STOPPING", "MIN", "MAX"], pools.iter().map(row));
    Ok(Exit::Ok)
}

fn row(pool: &Value) -> [String; 7] {
    let text = |name: &str| pool[name].as_str().unwrap_or_default().to_owned();
    let config = |name: &str| pool["config"].get(name).map_or_else(|| "-".to_owned(), Value::to_string);
    [
        text("workerPoolId"),
        text("providerId"),
        pool["runningCapacity"].to_string(),
        pool["requestedCapacity"].to_string(),
        pool["stoppingCapacity"].to_string(),
        config("minCapacity"),
        config("maxCapacity"),
    ]
}
