//! The provisioner: machines for worker pools.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use ::provisioner::{
    ProviderHandle, ProvisionSettings, ProvisionerNotifier, ProvisionerParts, deployment,
    provider::{
        Provider,
        aws::Aws,
        kubernetes::Kubernetes,
        local::{LocalProvider, WorkerProgram},
    },
    start,
};
use actors::{
    kit::{Child, Notifications, Notifier, PendingNotifier},
    worker_manager::{ProviderSettings, ProviderType, WorkerManagerSettings},
};
use base::settings::Section;
use protocol::id::TaskQueueId;

use super::{notifications::publisher, relay, roles};
use crate::{
    dev_workers::worker_environment,
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
    notifier: ProvisionerNotifier,
}

fn here(context: &Context) -> Result<Here, String> {
    context.shared(|context| {
        let providers = context.settings::<WorkerManagerSettings>().providers.iter();
        let providers: Result<Vec<ProviderHandle>, String> =
            providers.filter_map(|provider| open(context, provider).transpose()).collect();
        // Not the queue's own notifications: it is made with ours. Claims that wait here look again within a second.
        let claims = publisher::remote(context).claims;
        let (actors, notifier) = start(ProvisionerParts {
            db: context.db.clone(),
            clock: context.clock.clone(),
            rng: context.rng.branch("provisioner"),
            settings: context.settings::<ProvisionSettings>().clone(),
            providers: providers?,
            root_url: context.root_url.clone(),
            notifications: Notifications { relay: relay::notify(context), claims, ..Notifications::none() },
        });
        Ok(Here { actors, notifier })
    })
}

/// `None`: it has no driver. Workers of Google Cloud and Azure can register, and are made by others.
fn open(context: &Context, provider: &ProviderSettings) -> Result<Option<ProviderHandle>, String> {
    let (id, deployment) = (&provider.id, deployment(&context.root_url));
    let rng = context.rng.branch(id);
    let failed = |error| format!("the provider `{id}`: {error}");
    let driver: Arc<dyn Provider> = match provider.provider_type {
        ProviderType::Local => Arc::new(open_local(context, id)?),
        ProviderType::Aws => {
            let clock = context.clock.clone();
            Arc::new(Aws::new(provider.aws.clone(), &deployment, clock, rng).map_err(failed)?)
        }
        ProviderType::Kubernetes => {
            Arc::new(Kubernetes::new(provider.kubernetes.clone(), &deployment, rng).map_err(failed)?)
        }
        ProviderType::Google | ProviderType::Azure | ProviderType::Static | ProviderType::Null => return Ok(None),
    };
    Ok(Some(ProviderHandle { id: id.clone(), driver, offerings: provider.offerings.clone() }))
}

/// Workers that are processes of this machine.
fn open_local(context: &Context, id: &str) -> Result<LocalProvider, String> {
    let directory = context.data_dir().join("machines").join(id);
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
    let arguments = words.chain(settings).chain(["--machine-dir".to_owned()]).collect();
    let environment: BTreeMap<String, String> = worker_environment(&dev.task_variables);
    let program = WorkerProgram { program: PathBuf::from("/proc/self/exe"), arguments, environment };
    let rng = context.rng.branch("local-provider");
    LocalProvider::open(directory.clone(), program, context.clock.clone(), rng).map_err(failed)
}

/// Also notifies the provisioner of this process, if there is one, that tasks became pending.
pub(super) fn with_pools_here(context: &Context, others: PendingNotifier) -> PendingNotifier {
    let Some(notifier) = notifier_here(context) else { return others };
    Arc::new(move |queue: &TaskQueueId, tasks| {
        notifier.tasks_pending(&queue.0);
        others(queue, tasks);
    })
}

/// Says to the provisioner of this process, if there is one, that worker pools or workers changed. Those of other processes
/// look within a second.
pub(super) fn notify_here(context: &Context) -> Notifier {
    notifier_here(context).map_or_else(Notifier::none, |notifier| Notifier::new(move || notifier.pools_changed()))
}

fn notifier_here(context: &Context) -> Option<ProvisionerNotifier> {
    // What is wrong with its settings is reported when its actors are started.
    let runs = context.runs(roles::PROVISIONER);
    runs.then(|| here(context).ok()).flatten().map(|here| here.notifier)
}
