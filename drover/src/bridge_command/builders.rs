//! `drover bridge builders`.

use bridge::driver::Builder;
use serde_json::{Value, json};

use super::Place;
use crate::{
    exit::{CliError, Exit},
    output::Output,
    system_context::SystemContext,
};

pub(super) async fn run(places: &[Place], system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let mut all: Vec<Value> = Vec::new();
    for place in places {
        let builders = place.connect(system)?.driver().builders().await.map_err(|error| place.failed(&error))?;
        if !output.is_json() {
            output.line(&format!("master {}:", place.shown()));
            output.line(&table(&builders, &place.0.scheduler).join("\n"));
        }
        all.push(json!({ "master": place.0.name, "url": place.0.url, "builders": builders }));
    }
    if output.is_json() {
        output.json(&all);
    }
    Ok(Exit::Ok)
}

/// A line for each builder that the master still has, with all that keeps tasks from it.
pub(super) fn table(builders: &[Builder], scheduler: &str) -> Vec<String> {
    let active: Vec<&Builder> = builders.iter().filter(|builder| builder.active).collect();
    let wide = active.iter().map(|builder| builder.name.chars().count()).max().unwrap_or_default();
    let line = |builder: &&Builder| {
        let hitches = hitches(builder, scheduler);
        let verdict = if hitches.is_empty() { "ready".to_owned() } else { hitches.join("; ") };
        format!("  {:wide$}  {verdict}", builder.name)
    };
    active.iter().map(line).collect()
}

/// What is in the way of a builder.
pub(super) fn hitches(builder: &Builder, scheduler: &str) -> Vec<String> {
    let mut hitches = Vec::new();
    if builder.schedulers.is_empty() {
        hitches.push(format!("the scheduler `{scheduler}` does not serve it"));
    }
    if builder.workers == Some(0) {
        hitches.push("no worker is connected".to_owned());
    }
    if !builder.hanging.is_empty() {
        let builds: Vec<String> = builder.hanging.iter().map(i64::to_string).collect();
        hitches.push(format!(
            "cancelled before they began, and block workers until the master is restarted: builds {}",
            builds.join(", ")
        ));
    }
    if builder.collapses == Some(true) {
        hitches.push("it collapses requests: set collapseRequests=False".to_owned());
    }
    hitches
}
