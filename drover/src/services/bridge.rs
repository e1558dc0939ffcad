//! The parts of the Buildbot bridge, one set for each master of the settings.

use std::sync::Arc;

use ::bridge::{
    Bridge as Handle, BridgeChildren, BridgeSettings, DriverKind, Identity, MasterParts, MasterSettings,
    buildbot::BuildbotMaster,
    classic::{ClassicLogs, ClassicMaster},
    copier::Copier,
    driver::{DriverError, MasterDriver},
    logs::LogCopier,
};

use base::settings::Section;

use super::{auth, object, queue, roles};
use crate::service::{Actors, Children, Context, Role, Service, StartError};

pub(super) struct Bridge;

impl Service for Bridge {
    fn name(&self) -> &'static str {
        roles::BRIDGE
    }

    fn settings(&self) -> Option<Section> {
        Some(Section::of::<BridgeSettings>("bridge"))
    }

    fn roles(&self) -> &'static [Role] {
        const ROLES: &[Role] = &[Role::new(roles::BRIDGE, "runs tasks as builds of Buildbot masters")
            .brings(&[roles::OBJECT])
            .brings_without_broker(&[roles::QUEUE])];
        ROLES
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] = &[Actors::of_roles(&[roles::BRIDGE], children)];
        ACTORS
    }
}

/// None where there are no masters.
fn children(context: &Context) -> Result<Children, StartError> {
    let settings = context.settings::<BridgeSettings>();
    if settings.masters.is_empty() {
        return Ok(Children::none());
    }
    let masters: Result<Vec<MasterParts>, StartError> =
        settings.masters.iter().map(|master| open(master.clone(), context)).collect();
    let id = &settings.client_id;
    let bridge = Handle {
        queue: queue::handle(context),
        artifacts: object::artifacts(context)?,
        auth: auth::handle(context),
        identity: if id.is_empty() { Identity::Own } else { Identity::Client(id.clone()) },
        db: context.db.clone(),
        bus: context.bus.clone(),
        exchange_names: context.exchange_names.clone(),
        clock: context.clock.clone(),
        rng: context.rng.branch("bridge"),
        retention: settings.request_retention,
    };
    let children = bridge.children(masters?).map_err(|error| StartError::Setting(error.to_string()))?;
    let BridgeChildren { listeners, others } = children;
    Ok(listeners.into_iter().fold(Children::none().actors(others), Children::subscriber))
}

/// The way to a master. Nothing is sent yet.
fn open(settings: MasterSettings, context: &Context) -> Result<MasterParts, StartError> {
    let bad = |error: DriverError| {
        StartError::Setting(format!("the setting `bridge.masters`, master `{}`: {error}", settings.name))
    };
    let clock = context.clock.clone();
    let (driver, logs): (Arc<dyn MasterDriver>, Arc<dyn LogCopier>) = match settings.driver {
        DriverKind::Rest => {
            let rng = context.rng.branch("buildbot");
            let master = Arc::new(BuildbotMaster::new(&settings, clock, rng).map_err(bad)?);
            (master.clone(), Arc::new(Copier::start(master)))
        }
        DriverKind::Classic => {
            let rng = context.rng.branch("classic");
            let master = Arc::new(ClassicMaster::new(&settings, clock, rng).map_err(bad)?);
            (master.clone(), Arc::new(ClassicLogs(master)))
        }
    };
    Ok(MasterParts { settings, driver, logs })
}
