//! `drover simulate run`.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use base::ConfigDuration;
use clap::Args;
use provisioner::{
    ProvisionSettings,
    simulate::{RecordedTask, Report, SimulatedPool, Simulation},
};
use serde_json::{Value, json};

use crate::{
    exit::{CliError, Exit},
    global::Global,
    output::{Output, columns},
    pool_command::definitions,
    simulated_pool::simulated_pool,
};

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The demand, as `drover simulate record` writes it.
    #[arg(value_name = "FILE")]
    demand: PathBuf,
    /// The worker pools to try, as `drover pool create` takes them.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// How long a machine takes from its launch to its first task.
    #[arg(long, value_name = "DURATION", default_value = "2m")]
    boot: ConfigDuration,
    /// How long a machine without a task waits before it may stop.
    #[arg(long, value_name = "DURATION", default_value = "5m")]
    idle: ConfigDuration,
    /// Show beside it what Taskcluster's formula does in its loop of ten seconds.
    #[arg(long)]
    peer: bool,
}

pub(super) fn run(args: &RunArgs, global: &Global, output: Output) -> Result<Exit, CliError> {
    let settings = global.load(&[])?;
    let (tasks, pools) = (read(&args.demand)?, pools_of(&args.config)?);
    let ours = Simulation::ours(settings.section::<ProvisionSettings>(), args.boot.delta(), args.idle.delta());
    let mut reports = vec![("ours", ours.run(&pools, &tasks))];
    if args.peer {
        reports.push(("taskcluster", ours.taskcluster().run(&pools, &tasks)));
    }
    show(&reports, output);
    Ok(Exit::Ok)
}

fn show(reports: &[(&str, Report)], output: Output) {
    if output.is_json() {
        for (name, report) in reports {
            output.json(&object(name, report));
        }
        return;
    }
    let header =
        ["FORMULA", "TASKS", "WAIT MEAN", "P50", "P95", "LONGEST", "MACHINES", "HOURS", "BOOTS/MIN", "NEVER RUN"];
    output.line(&columns(Some(header), reports.iter().map(|(name, report)| row(name, report))));
    if let Some((_, report)) = reports.first().filter(|(_, report)| report.left_out > 0) {
        output.line(&format!("{} tasks are of pools that are not in the configuration", report.left_out));
    }
}

fn row(name: &str, report: &Report) -> [String; 10] {
    let seconds = |seconds: f64| format!("{seconds:.0} s");
    [
        name.to_owned(),
        report.tasks.to_string(),
        seconds(report.mean_wait()),
        seconds(report.wait(0.5)),
        seconds(report.wait(0.95)),
        seconds(report.wait(1.0)),
        report.machines.to_string(),
        format!("{:.1}", report.machine_hours),
        report.most_boots_in_a_minute.to_string(),
        report.never_run.to_string(),
    ]
}

fn object(name: &str, report: &Report) -> Value {
    let mut object = json!(report);
    object["formula"] = name.into();
    object["waitSeconds"] = json!({
        "mean": report.mean_wait(), "p50": report.wait(0.5), "p95": report.wait(0.95), "longest": report.wait(1.0),
    });
    object
}

fn pools_of(path: &Path) -> Result<BTreeMap<String, SimulatedPool>, CliError> {
    let pools = definitions(path)?;
    Ok(pools
        .into_iter()
        .map(|pool| (pool.worker_pool_id.clone(), simulated_pool(&pool.provider_id, &pool.config)))
        .collect())
}

/// What is no such line is named with its number.
fn read(path: &Path) -> Result<Vec<RecordedTask>, CliError> {
    let wrong = |words: String| CliError::new(Exit::Usage, format!("{}: {words}", path.display()));
    let file = File::open(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let mut tasks = Vec::new();
    for (at, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|error| wrong(format!("cannot be read: {error}")))?;
        if !line.trim().is_empty() {
            let task = serde_json::from_str(&line).map_err(|error| wrong(format!("line {}: {error}", at + 1)))?;
            tasks.push(task);
        }
    }
    Ok(tasks)
}
