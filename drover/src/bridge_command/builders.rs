//! `drover bridge builders`: the builders of masters, and whether tasks can use them.

use bridge::driver::Builder;
use serde_json::{Value, json};

use super::masters::Master;
use crate::{
    exit::{CliError, Exit},
    output::{Output, columns},
    system_context::SystemContext,
};

pub(super) async fn run(masters: &[Master], system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let mut all: Vec<Value> = Vec::new();
    for master in masters {
        let builders = master.connect(system)?.driver().builders().await.map_err(|error| master.failed(&error))?;
        if !output.is_json() {
            output.line(&format!("master {}:", master.shown()));
            output.line(&table(&builders, &master.0.scheduler));
        }
        all.push(json!({ "master": master.0.name, "url": master.0.url, "builders": builders }));
    }
    if output.is_json() {
        output.json(&all);
    }
    Ok(Exit::Ok)
}

/// A row for each active builder, with the reasons why tasks cannot use it.
pub(super) fn table(builders: &[Builder], scheduler: &str) -> String {
    let row = |builder: &Builder| {
        let problems = problems(builder, scheduler);
        let verdict = if problems.is_empty() { "ready".to_owned() } else { problems.join("; ") };
        [format!("  {}", builder.name), verdict]
    };
    columns(None, builders.iter().filter(|builder| builder.active).map(row))
}

/// Why tasks cannot use a builder.
pub(super) fn problems(builder: &Builder, scheduler: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if builder.schedulers.is_empty() {
        problems.push(format!("the scheduler `{scheduler}` does not serve it"));
    }
    if builder.workers == Some(0) {
        problems.push("no worker is connected".to_owned());
    }
    if !builder.hanging.is_empty() {
        let builds: Vec<String> = builder.hanging.iter().map(i64::to_string).collect();
        problems.push(format!(
            "cancelled before they started, and block workers until the master is restarted: builds {}",
            builds.join(", ")
        ));
    }
    if builder.collapses == Some(true) {
        problems.push("it collapses requests: set collapseRequests=False".to_owned());
    }
    problems
}
