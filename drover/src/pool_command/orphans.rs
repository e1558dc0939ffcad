//! `drover pool orphans`: asks a provider itself, with the settings of the provisioner and access to the database.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use actors::worker_manager::{ProviderType, WorkerManagerSettings};
use base::Secret;
use clap::Args;
use db::Db;
use provisioner::{
    Audit, AuditReport, ProviderHandle, ProvisionSettings, deployment,
    provider::{
        Provider,
        local::{LocalProvider, WorkerProgram},
    },
};
use serde_json::{Value, json};

use super::why::short_time;
use crate::{
    confirm::confirm,
    data_dir,
    database::Database,
    dev_workers::more_providers,
    exit::{CliError, Exit},
    global::{Global, revealed},
    output::Output,
    services::{machines_directory, open_driver},
    settings::DroverSettings,
    system_context::SystemContext,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  drover pool orphans local
  drover pool orphans aws --region eu-west-1
  kubectl exec deploy/drover-provisioner -- drover pool orphans aws --terminate --yes

It needs what the provisioner has: the settings and credentials of the provider, the database, and for local machines the
data folder. The provisioner itself ends such machines every provision.orphan_interval.";

#[derive(Debug, Args)]
pub(crate) struct OrphansArgs {
    /// The provider, as the setting `worker_manager.providers` has it.
    #[arg(value_name = "PROVIDER")]
    provider: String,
    /// End the machines that are older than `provision.orphan_age`, and have the provisioner check at once the workers whose machine
    /// is gone.
    #[arg(long)]
    terminate: bool,
    /// Do not ask before machines are ended.
    #[arg(long, requires = "terminate")]
    yes: bool,
    /// A region besides those in which machines were launched; may be given several times.
    #[arg(long = "region", value_name = "REGION")]
    regions: Vec<String>,
    /// The root URL of the server, by which machines of this deployment are known [default: the setting `api.root_url`].
    #[arg(long, value_name = "URL", env = "TASKCLUSTER_ROOT_URL")]
    root_url: Option<String>,
    /// The database, as the setting `database.url`.
    #[arg(long, value_name = "URL")]
    database_url: Option<Secret>,
    /// The folder of `drover dev`, as the setting `data_dir`.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

pub(super) async fn run(
    args: &OrphansArgs,
    global: &Global,
    system: &SystemContext,
    output: Output,
) -> Result<Exit, CliError> {
    let data_dir = args.data_dir.as_ref().map(|dir| dir.display().to_string());
    let flags = [
        ("database.url", revealed(args.database_url.as_ref())),
        ("data_dir", data_dir),
        ("api.root_url", args.root_url.clone()),
    ];
    let settings = global.load(&flags)?;
    let provider = provider(args, &settings, system)?;
    let database = Database::of_command(&settings).await?;
    let compared = match database.connect(&settings.database).await {
        Ok(db) => compare(args, &settings, provider, db, system, output).await,
        Err(error) => Err(error),
    };
    database.stop().await;
    compared
}

fn provider(args: &OrphansArgs, settings: &DroverSettings, system: &SystemContext) -> Result<ProviderHandle, CliError> {
    let usage = |words: String| CliError::new(Exit::Usage, words);
    let root_url = &settings.api.root_url;
    if root_url.is_empty() {
        let words = "no server is named: give --root-url, or set TASKCLUSTER_ROOT_URL or the setting `api.root_url`";
        return Err(usage(words.to_owned()));
    }
    let known: &WorkerManagerSettings = settings.section();
    let all: Vec<_> = known.providers.iter().cloned().chain(more_providers(known)?).collect();
    let Some(provider) = all.iter().find(|provider| provider.id == args.provider) else {
        let names: Vec<&str> = known.providers.iter().map(|provider| provider.id.as_str()).collect();
        let words = format!("no provider `{}` in the settings, which have {}", args.provider, names.join(", "));
        return Err(usage(words));
    };
    let driver = if provider.provider_type == ProviderType::Local {
        Some(local(&provider.id, settings, system)?)
    } else {
        open_driver(provider, root_url, system.clock.clone(), &system.rng).map_err(usage)?
    };
    let driver = driver.ok_or_else(|| usage(format!("the provider `{}` launches no machines", provider.id)))?;
    Ok(ProviderHandle { id: provider.id.clone(), driver, offerings: Vec::new() })
}

/// It only looks at machines and ends them: there is no program to launch.
fn local(id: &str, settings: &DroverSettings, system: &SystemContext) -> Result<Arc<dyn Provider>, CliError> {
    let directory = machines_directory(&data_dir::place(&settings.data_dir)?, id);
    let unusable = |error: std::io::Error| {
        let words = format!(
            "no machines are in {}: {error}; --data-dir names the folder of the provisioner",
            directory.display()
        );
        CliError::new(Exit::Usage, words)
    };
    std::fs::read_dir(&directory).map_err(unusable)?;
    let program = WorkerProgram { program: PathBuf::new(), arguments: Vec::new(), environment: BTreeMap::new() };
    let opened = LocalProvider::open(directory.clone(), program, system.clock.clone(), system.rng.branch("local"));
    Ok(Arc::new(opened.map_err(unusable)?))
}

async fn compare(
    args: &OrphansArgs,
    settings: &DroverSettings,
    provider: ProviderHandle,
    db: Db,
    system: &SystemContext,
    output: Output,
) -> Result<Exit, CliError> {
    let audit = Audit {
        db,
        clock: system.clock.clone(),
        provider,
        deployment: deployment(&settings.api.root_url),
        orphan_age: settings.section::<ProvisionSettings>().orphan_age.delta(),
    };
    let failed = |error: provisioner::AuditError| CliError::new(Exit::Unreachable, error);
    let report = audit.compare(&args.regions).await.map_err(failed)?;
    show(&report, output);
    let is_clean = report.orphans.is_empty() && report.lost.is_empty();
    if is_clean || !args.terminate {
        return Ok(if is_clean { Exit::Ok } else { Exit::Failed });
    }
    let due = report.orphans.iter().filter(|orphan| orphan.is_due).count();
    if due > 0 && !args.yes {
        let root_url = &settings.api.root_url;
        confirm(&format!("{due} machines of {root_url} that this database does not know are ended for good"))?;
    }
    let ended = audit.end(&report).await.map_err(failed)?;
    let checked = report.lost.len();
    let object = json!({ "machinesEnded": ended, "workersChecked": checked });
    output.either(&object, &format!("{ended} machines are ended, and the provisioner checks {checked} workers now"));
    Ok(if ended == report.orphans.len() { Exit::Ok } else { Exit::Failed })
}

fn show(report: &AuditReport, output: Output) {
    if output.is_json() {
        return output.json(&as_json(report));
    }
    let orphans = report.orphans.iter().map(|orphan| {
        let what = if orphan.is_due { "no worker" } else { "no worker yet" };
        [
            what.to_owned(),
            orphan.machine.clone(),
            orphan.region.clone(),
            short_time(&protocol::time::format(orphan.created)),
        ]
    });
    let lost = report.lost.iter().map(|lost| {
        let name = format!("{}/{}", lost.worker.worker_group, lost.worker.worker_id);
        let created = short_time(&protocol::time::format(lost.created));
        ["no machine".to_owned(), name, lost.worker_pool_id.0.clone(), created]
    });
    output.table(["WHAT", "MACHINE OR WORKER", "REGION OR POOL", "CREATED"], orphans.chain(lost));
    let (machines, others, regions) = (report.machines, report.others, report.regions.len());
    output.line(&format!("{machines} machines in {regions} regions, and {others} of other deployments"));
}

fn as_json(report: &AuditReport) -> Value {
    let orphans = report.orphans.iter().map(|orphan| {
        json!({
            "region": orphan.region, "machine": orphan.machine, "launchId": orphan.launch,
            "created": protocol::time::format(orphan.created), "isDue": orphan.is_due,
        })
    });
    let lost = report.lost.iter().map(|lost| {
        json!({
            "workerPoolId": lost.worker_pool_id, "workerGroup": lost.worker.worker_group,
            "workerId": lost.worker.worker_id, "state": lost.state.as_str(),
            "created": protocol::time::format(lost.created),
        })
    });
    json!({
        "regions": report.regions, "machines": report.machines, "machinesOfOthers": report.others,
        "orphans": orphans.collect::<Vec<_>>(), "lostWorkers": lost.collect::<Vec<_>>(),
    })
}
