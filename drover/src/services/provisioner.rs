//! The provisioner: machines for worker pools.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use ::provisioner::{
    ProviderHandle, ProvisionSettings, ProvisionerNotifier, ProvisionerParts,
    provider::local::{LocalProvider, WorkerProgram},
    start,
};
use actors::{
    kit::{Child, Notifications, Notifier, PendingNotifier},
    worker_manager::ProviderType,
};
use base::settings::Section;
use protocol::id::TaskQueueId;

use super::{drivers, notifications::publisher, notify, providers, relay, roles};
use crate::{
    dev_workers::{sandbox_flags, worker_environment},
    service::{Actors, Children, Context, Role, Service, StartError},
    settings::DevSettings,
};

pub(super) struct Provisioner;

impl Service for Provisioner {
    fn name(&self) -> &'static str {
        roles::PROVISIONER
    }

    fn settings(&self) -> Option<Section> {
        Some(Section::of::<ProvisionSettings>("provision"))
    }

    fn roles(&self) -> &'static [Role] {
        const ROLES: &[Role] = &[Role::new(roles::PROVISIONER, "launches and ends machines of worker pools")];
        ROLES
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] = &[Actors::of_roles(&[roles::PROVISIONER], |context| {
            let Here { actors, .. } = here(context).map_err(StartError::Setting)?;
            Ok(Children::none().actors(actors))
        })];
        ACTORS
    }
}

/// The provisioner of this process.
#[derive(Clone)]
struct Here {
    actors: Vec<Child>,
    local: Vec<(String, LocalProvider)>,
    notifier: ProvisionerNotifier,
}

fn here(context: &Context) -> Result<Here, String> {
    context.shared(|context| {
        let settings = providers::settings(context).providers;
        let (mut local, mut providers) = (Vec::new(), Vec::new());
        for provider in &settings {
            let handle =
                |driver| ProviderHandle { id: provider.id.clone(), driver, offerings: provider.offerings.clone() };
            if provider.provider_type == ProviderType::Local {
                let driver = open_local(context, &provider.id)?;
                local.push((provider.id.clone(), driver.clone()));
                providers.push(handle(Arc::new(driver)));
            } else {
                let opened = drivers::open(provider, &context.root_url, context.clock.clone(), &context.rng)?;
                providers.extend(opened.map(handle));
            }
        }
        // Not the queue's own notifications: it is made with ours. Claims that wait here look again within a second.
        let claims = publisher::remote(context).claims;
        let parts = ProvisionerParts {
            db: context.db.clone(),
            clock: context.clock.clone(),
            rng: context.rng.branch("provisioner"),
            settings: context.settings::<ProvisionSettings>().clone(),
            providers,
            root_url: context.root_url.clone(),
            notifications: Notifications { relay: relay::notify(context), claims, ..Notifications::none() },
        };
        let (actors, notifier) = start(parts, &notify::handle(context));
        Ok(Here { actors, local, notifier })
    })
}

/// Workers that are processes of this machine.
fn open_local(context: &Context, id: &str) -> Result<LocalProvider, String> {
    let directory = drivers::machines_directory(context.data_dir(), id);
    let failed = |error| format!("the provider `{id}`: the folder {} cannot be used: {error}", directory.display());
    let dev: &DevSettings = &context.settings.dev;
    let telemetry = &context.settings.telemetry;
    let settings = [
        format!("dev.task_variables={}", dev.task_variables.join(",")),
        format!("telemetry.log={}", telemetry.log),
        format!("telemetry.format={}", telemetry.format),
        format!("telemetry.otlp_endpoint={}", telemetry.otlp_endpoint),
    ];
    let settings = settings.into_iter().flat_map(|setting| ["--set".to_owned(), setting]);
    let words = ["worker", "--provider", "local"].map(str::to_owned).into_iter();
    let parent = if context.ends_machines { of_dev(context) } else { Vec::new() };
    let arguments = words.chain(settings).chain(parent).chain(["--machine-dir".to_owned()]).collect();
    let environment: BTreeMap<String, String> = worker_environment(&dev.task_variables);
    let program = WorkerProgram { program: PathBuf::from("/proc/self/exe"), arguments, environment };
    let rng = context.rng.branch("local-provider");
    let provider = LocalProvider::open(directory.clone(), program, context.clock.clone(), rng).map_err(failed)?;
    if context.ends_machines {
        // Those of a process that was killed end by themselves.
        provider.expect_end().map_err(failed)?;
    }
    Ok(provider)
}

/// Somebody sits in front of it: a worker ends with us, and a task that was cancelled ends soon. Its tasks see what those of
/// the other workers of `drover dev` see.
fn of_dev(context: &Context) -> Vec<String> {
    let parent = std::process::id().to_string();
    let flags = ["--parent", &parent, "--reclaim-at-latest", "5"].map(str::to_owned);
    flags.into_iter().chain(sandbox_flags(&context.settings, context.data_dir())).collect()
}

/// The drivers of machines that are processes of this one. None: this process has no provisioner.
pub(super) fn local_providers(context: &Context) -> Result<Vec<(String, LocalProvider)>, String> {
    if context.runs(roles::PROVISIONER) { Ok(here(context)?.local) } else { Ok(Vec::new()) }
}

/// Also notifies the provisioner of this process, if there is one, that tasks became pending.
pub(super) fn with_pools_here(context: &Context, others: PendingNotifier) -> PendingNotifier {
    let Some(notifier) = notifier_here(context) else { return others };
    Arc::new(move |queue: &TaskQueueId, tasks| {
        notifier.tasks_pending(&queue.0);
        others(queue, tasks);
    })
}

/// Says to provisioners that worker pools or workers changed.
pub(super) fn notify_all(context: &Context) -> Notifier {
    notify_here(context).and(&publisher::remote(context).pools)
}

/// The same, to that of this process, if there is one.
pub(super) fn notify_here(context: &Context) -> Notifier {
    notifier_here(context).map_or_else(Notifier::none, |notifier| Notifier::new(move || notifier.pools_changed()))
}

fn notifier_here(context: &Context) -> Option<ProvisionerNotifier> {
    // What is wrong with its settings is reported when its actors are started.
    let runs = context.runs(roles::PROVISIONER);
    runs.then(|| here(context).ok()).flatten().map(|here| here.notifier)
}
